import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { configMaps } from '../../src/kubernetes/kinds.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { store, untilReady } from '../e2e/fixtures.ts'
import { clusterWithoutOperator } from './without-operator.ts'
import { createFlush, expectEnd, logIn, makeStore, untilEnded } from './flush-run.ts'
import { openLane, operatorName, type Lane } from './lane.ts'

const cluster = clusterWithoutOperator()
const lease = 'leases.coordination.k8s.io'

const inLane = async (namespace: string, work: (lane: Lane) => Promise<void>): Promise<void> => {
  const lane = await openLane(cluster(), namespace)
  try {
    await lane.start()
    // Its keys come first: a process that cannot make them ends, and the kubelet starts another.
    await waitUntil(
      'the operator has its keys',
      () => lane.api.get(configMaps, { namespace, name: `${operatorName}-audit-public-key` }),
      { timeoutMs: 30_000 },
    )
    await work(lane)
  } finally {
    await lane.close()
  }
}

test.each([
  ['409: somebody else was quicker', 409, undefined],
  ['429: too many requests', 429, 1],
  ['500', 500, undefined],
])(
  'every second write is answered %s: a store is made and flushed all the same',
  async (_, status, retryAfterSeconds) => {
    await inLane(`faults-api-${status}`, async (lane) => {
      const { namespace, proxy } = lane
      const fault = {
        kind: 'status',
        status,
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      } as const
      const set = proxy.faults.set({ verb: ['create', 'update', 'patch'], namespace }, fault, { times: 20, every: 2 })
      const made = await makeStore(lane, 'web')
      await logIn(made)
      await createFlush(lane, made.name, 'web')
      await untilEnded(lane, 'web', 90_000)
      await expectEnd(lane, made, 'web')
      expect(set.hits).toBeGreaterThan(10)
      await made.close()
    })
  },
)

/** From the write that says that the sessions are deleted; the drain and all after it are still to come. */
const atDeleted = (lane: Lane, act: () => void) => {
  const reached = Promise.withResolvers<void>()
  const match = { verb: 'patch', resource: 'flushsessions.sessionstore.dev', subresource: 'status' } as const
  const before = () => {
    act()
    reached.resolve()
  }
  lane.proxy.faults.set({ ...match, namespace: lane.namespace }, { kind: 'hook', before }, { nth: 2 })
  return reached.promise
}

test('every watch falls silent in mid-flush: it ends in its time', async () => {
  await inLane('faults-api-watch', async (lane) => {
    const made = await makeStore(lane, 'web')
    await logIn(made)
    const silent = atDeleted(lane, () => {
      for (const watch of lane.proxy.faults.watches({})) watch.mode = 'stall'
    })
    await createFlush(lane, made.name, 'web')
    await silent
    await untilEnded(lane, 'web', 15_000)
    await expectEnd(lane, made, 'web')
    await made.close()
  })
})

test('the API server is killed in mid-flush and comes back: the flush ends as ever', async () => {
  await inLane('faults-api-restart', async (lane) => {
    const made = await makeStore(lane, 'web')
    await logIn(made)
    let restarted: Promise<void> | undefined
    const killed = atDeleted(lane, () => {
      restarted = cluster().restartApiServer()
    })
    await createFlush(lane, made.name, 'web')
    await killed
    await restarted
    await untilEnded(lane, 'web', 90_000)
    await expectEnd(lane, made, 'web')
    await made.close()
  })
})

test('when all is as declared, nothing is written but the lease', async () => {
  await inLane('faults-fixpoint', async (lane) => {
    const { namespace, objects, proxy } = lane
    const names = ['a', 'b', 'c', 'd']
    for (const name of names) await objects.apply(store(namespace, name))
    await Promise.all(names.map((name) => untilReady(objects, namespace, name, 120_000)))
    const written = () => proxy.writes.filter(({ resource }) => resource !== lease)
    let quietSinceMs = performance.now()
    let seen = written().length
    await waitUntil(
      'nothing was written for 5 s',
      () => {
        if (written().length !== seen) quietSinceMs = performance.now()
        seen = written().length
        return performance.now() - quietSinceMs > 5_000
      },
      { timeoutMs: 60_000 },
    )
    const renewals = proxy.writes.length
    // Not a wait for something, but the length of what is observed.
    await delay(30_000)
    expect(written().slice(seen)).toEqual([])
    expect(proxy.writes.length).toBeGreaterThan(renewals + 5)
  })
})
