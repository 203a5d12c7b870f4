import { expect, test } from 'vitest'
import { auditRecords } from '../../src/api/resources.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { countSessions } from '../e2e/fixtures.ts'
import { topology, untilWhole } from '../e2e/replicated/fixture.ts'
import { clusterWithoutOperator } from './without-operator.ts'
import { createFlush, expectEnd, logIn, makeStore, readFlush, untilEnded } from './flush-run.ts'
import { openLane, type Lane } from './lane.ts'
import type { OperatorProcess } from './operator-process.ts'

const cluster = clusterWithoutOperator()

/** A leader, and another one that waits for the lease. */
const leaderAndStandby = async (lane: Lane) => {
  const leader = await lane.start()
  await untilLeading(leader)
  return { leader, standby: await lane.start() }
}

const untilLeading = (operator: OperatorProcess) =>
  waitUntil('the operator leads', () => operator.log().some(({ msg }) => msg === 'leading'), { timeoutMs: 30_000 })

/** The status write that says what was deleted: the fence is up, the drain begins. */
const deletedWrite = (namespace: string) => ({
  match: { verb: 'patch', resource: 'flushsessions.sessionstore.dev', subresource: 'status', namespace } as const,
  nth: 2,
})

test.concurrent.each([
  ['Standalone', {}],
  ['Replicated', topology()],
])(
  '%s: a leader that was stopped in mid-flush changes nothing any more: the next one finishes, and the old one ends',
  async (mode, spec) => {
    const lane = await openLane(cluster(), `faults-leaders-${mode.toLowerCase()}`)
    try {
      const { leader, standby } = await leaderAndStandby(lane)
      const store = await makeStore(lane, 'web', spec)
      await logIn(store)
      if (mode === 'Replicated') await untilWhole(lane, 'web')
      const stopped = Promise.withResolvers<void>()
      const late = Promise.withResolvers<void>()
      const arrived = Promise.withResolvers<number>()
      const { match, nth } = deletedWrite(lane.namespace)
      // The write is under way when its sender stops, and arrives when all is over.
      const before = async () => {
        leader.signal('SIGSTOP')
        stopped.resolve()
        await late.promise
      }
      lane.proxy.faults.set(match, { kind: 'hook', before, after: (_, status) => arrived.resolve(status) }, { nth })
      await createFlush(lane, store.name, 'web')
      await stopped.promise
      await untilEnded(lane, 'web', 60_000)
      await expectEnd(lane, store, 'web')
      const cut = standby.log().find(({ msg }) => msg === 'Cut the connections of an earlier leader')
      expect(cut?.['cut']).toBeGreaterThan(0)

      // From here on people log in again.
      await logIn(store)
      const { status: ended } = await readFlush(lane, 'web')
      const from = lane.proxy.writes.length
      late.resolve()
      expect(await arrived.promise, 'the late write is refused').toBe(409)
      leader.signal('SIGCONT')
      expect(await leader.exited).toBe(1)
      expect((await readFlush(lane, 'web')).status).toEqual(ended)
      expect(await countSessions(store.redis, 1000)).toBe(1000)
      // The next one may write: it counts sessions each 30 s.
      const byOld = lane.proxy.writes.filter(({ userAgent }) => userAgent.endsWith('(operator-0)'))
      expect(byOld.length).toBeGreaterThan(0)
      const after = byOld.filter(
        ({ index, status, resource }) => index >= from && status !== 409 && resource !== 'leases.coordination.k8s.io',
      )
      expect(after).toEqual([])
      await store.close()
    } finally {
      await lane.close()
    }
  },
)

/** What says who is to be the primary; the promotion follows its answer. */
const termWrite = (namespace: string) => ({ fieldManager: 'session-store-operator-primary', namespace })

test.concurrent.each(['before', 'after'] as const)(
  'a leader that was stopped %s the write of a new term promotes nobody any more: the next one does, and the old one ends',
  async (when) => {
    const lane = await openLane(cluster(), `faults-term-${when}`)
    const { namespace, proxy } = lane
    try {
      const { leader } = await leaderAndStandby(lane)
      const store = await makeStore(lane, 'web', topology())
      await logIn(store)
      const { primary } = await untilWhole(lane, 'web')
      const stopped = Promise.withResolvers<void>()
      const late = Promise.withResolvers<void>()
      const stop = async () => {
        leader.signal('SIGSTOP')
        stopped.resolve()
        await late.promise
      }
      const arrived = Promise.withResolvers<number>()
      const hook =
        when === 'before'
          ? { before: stop, after: (_: unknown, status: number) => arrived.resolve(status) }
          : { after: stop }
      proxy.faults.set(termWrite(namespace), { kind: 'hook', ...hook }, { nth: 1 })
      process.kill(await lane.cluster.containerPid(namespace, primary?.current ?? '', 'redis'), 'SIGKILL')
      await stopped.promise
      const { primary: after } = await untilWhole(lane, 'web', { afterTerm: primary?.term ?? 0 })
      expect(after?.term).toBe((primary?.term ?? 0) + 1)
      late.resolve()
      if (when === 'before') expect(await arrived.promise, 'the late write is refused').toBe(409)
      leader.signal('SIGCONT')
      expect(await leader.exited).toBe(1)
      const { primary: end } = await untilWhole(lane, 'web')
      expect(end).toEqual(after)
      expect(await countSessions(store.redis, 1000)).toBe(1000)
      const records = await lane.api.list(auditRecords, { namespace })
      expect(records.map(({ spec }) => spec.entry.details['term'])).toEqual([1, 2])
      await store.close()
    } finally {
      await lane.close()
    }
  },
)

test('with a second replica a fence outlives the SIGKILL of its leader by the lease, two looks of the standby and the drain', async () => {
  const lane = await openLane(cluster(), 'faults-takeover')
  try {
    const { leader } = await leaderAndStandby(lane)
    const store = await makeStore(lane, 'web')
    await logIn(store)
    const killed = Promise.withResolvers<number>()
    const { match, nth } = deletedWrite(lane.namespace)
    const after = async () => {
      leader.signal('SIGKILL')
      await leader.exited
      killed.resolve(performance.now())
    }
    lane.proxy.faults.set(match, { kind: 'hook', after }, { nth })
    await createFlush(lane, store.name, 'web')
    const killedMs = await killed.promise
    await expect(store.redis.set('shop:session:0', 'too early')).rejects.toThrow('NOPERM')
    await waitUntil(
      'a login works',
      async () => (await store.redis.set('shop:session:0', 'a login', 'EX', 60)) === 'OK',
      {
        timeoutMs: 60_000,
        intervalMs: 20,
      },
    )
    const outlivedMs = performance.now() - killedMs
    console.log(`the fence outlived its leader by ${(outlivedMs / 1000).toFixed(1)} s`)
    // Up to 4.4 s between two looks of the standby (2 s, jitter 1.2): one until it sees the last renewal, 15 s of lease from then on, one until it sees that they
    // are over; 1 s of drain, and 2 s for the work itself.
    expect(outlivedMs).toBeLessThan(4_400 + 15_000 + 4_400 + 1_000 + 2_000)
    await untilEnded(lane, 'web')
    expect((await readFlush(lane, 'web')).status?.phase).toBe('Completed')
    await store.close()
  } finally {
    await lane.close()
  }
})
