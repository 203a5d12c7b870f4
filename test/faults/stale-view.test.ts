import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { auditRecords, sessionStores } from '../../src/api/resources.ts'
import { pods, statefulSets } from '../../src/kubernetes/kinds.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { countSessions } from '../e2e/fixtures.ts'
import { countOnNode, topology, untilWhole } from '../e2e/replicated/fixture.ts'
import { clusterWithoutOperator } from './without-operator.ts'
import { expectChain, logIn, makeStore, type StoreUnderTest } from './flush-run.ts'
import { openLane, type Lane } from './lane.ts'

const cluster = clusterWithoutOperator()
const sessions = 1000

/** A store of three, whole, with sessions. */
const prepared = async (lane: Lane): Promise<{ store: StoreUnderTest; primary: string }> => {
  await lane.start()
  const store = await makeStore(lane, 'web', topology())
  await logIn(store)
  const { primary } = await untilWhole(lane, 'web')
  return { store, primary: primary?.current ?? '' }
}

const kill = async ({ cluster, namespace }: Lane, pod: string): Promise<void> =>
  void process.kill(await cluster.containerPid(namespace, pod, 'redis'), 'SIGKILL')

/** One primary for one term, each on record once, and every session on every node. */
const expectOne = async (lane: Lane, { redis }: StoreUnderTest): Promise<void> => {
  const { primary, nodes = [] } = await untilWhole(lane, 'web', { afterTerm: 1 })
  expect(await countSessions(redis, sessions)).toBe(sessions)
  for (const { name } of nodes) expect(await countOnNode(lane, name, 'web', sessions), name).toBe(sessions)
  expect(nodes.filter(({ role }) => role === 'primary')).toHaveLength(1)
  const records = await lane.api.list(auditRecords, { namespace: lane.namespace })
  const terms = records.map(({ spec }) => Number(spec.entry.details['term'])).toSorted((a, b) => a - b)
  expect(terms).toEqual(Array.from({ length: primary?.term ?? 0 }, (_, index) => index + 1))
  await expectChain(lane)
}

test('no event arrives any more when the primary is killed: a replica is promoted all the same', async () => {
  const lane = await openLane(cluster(), 'faults-silent')
  try {
    const { store, primary } = await prepared(lane)
    const watches = lane.proxy.faults.watches({})
    expect(watches.length).toBeGreaterThan(5)
    for (const watch of watches) watch.mode = 'stall'
    await kill(lane, primary)
    const killedMs = performance.now()
    await waitUntil('a write works', async () => (await store.redis.set('shop:session:w', 'v', 'EX', 60)) === 'OK', {
      timeoutMs: 15_000,
      intervalMs: 20,
    })
    console.log(`writes again after ${(performance.now() - killedMs).toFixed(0)} ms without an event`)
    for (const watch of watches) watch.gone()
    await expectOne(lane, store)
    await store.close()
  } finally {
    await lane.close()
  }
})

test.concurrent.each([
  ['the store', 'store', sessionStores],
  ['its pods', 'pods', pods],
  ['its StatefulSet', 'set', statefulSets],
])(
  'the view of %s is from before the primary was killed, for 20 s: nothing is done twice, and nothing is lost',
  async (_, short, resource) => {
    const lane = await openLane(cluster(), `faults-stale-${short}`)
    try {
      const { store, primary } = await prepared(lane)
      await lane.proxy.faults.freeze(resource)
      await kill(lane, primary)
      await delay(10_000)
      // Whoever starts now knows no better than the one before.
      const next = await lane.start()
      await delay(10_000)
      lane.proxy.faults.thaw(resource)
      await expectOne(lane, store)
      expect(next.log().filter(({ level }) => level === 'fatal')).toEqual([])
      await store.close()
    } finally {
      await lane.close()
    }
  },
)
