import { expect, test } from 'vitest'
import { auditRecords } from '../../src/api/resources.ts'
import type { SessionStoreStatus } from '../../src/api/session-store-status.ts'
import { pods } from '../../src/kubernetes/kinds.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { countSessions, writeSessions } from '../e2e/fixtures.ts'
import { topology, untilWhole } from '../e2e/replicated/fixture.ts'
import { clusterWithoutOperator } from './without-operator.ts'
import { isEveryPoint, killAt, label, pointsOf, strikesAt, type Strike } from './crash-points.ts'
import { expectChain, makeStore, type StoreUnderTest } from './flush-run.ts'
import { openLane, type Lane } from './lane.ts'
import type { OperatorProcess } from './operator-process.ts'

const cluster = clusterWithoutOperator()

const name = 'web'
const sessions = 1000

interface Loss {
  readonly what: string
  readonly namespace: string
  readonly act: (lane: Lane, pod: string) => Promise<void>
}

const losses: readonly Loss[] = [
  {
    what: 'a failover',
    namespace: 'faults-failover',
    act: async ({ cluster: at, namespace }, pod) => {
      process.kill(await at.containerPid(namespace, pod, 'redis'), 'SIGKILL')
    },
  },
  {
    what: 'a hand-over',
    namespace: 'faults-handover',
    act: async ({ objects, namespace }, pod) => {
      await objects.run(['delete', 'pod', pod, '-n', namespace, '--wait=false'])
    },
  },
]

/**
 * Waits until nothing of the last change is under way. While a pod still goes, status may say that all follow, and another loss then is one of
 * two at a time.
 */
const untilQuiet = async (lane: Lane, afterTerm: number): Promise<SessionStoreStatus> => {
  const { api, namespace } = lane
  const labels = `app.kubernetes.io/instance=${name}`
  return await waitUntil(
    `${name} is whole, and none of its pods goes`,
    async () => {
      const status = await untilWhole(lane, name, { afterTerm })
      const there = await api.list(pods, { namespace, labelSelector: labels })
      const follow = new Set(status.nodes?.map(({ pod }) => pod))
      const quiet = there.every(({ metadata }) => !metadata.deletionTimestamp && follow.has(metadata.uid ?? ''))
      return quiet && there.length === follow.size && status
    },
    { timeoutMs: 90_000, intervalMs: 200 },
  )
}

/** Every session is there, each term has one record, and the chain verifies. */
const expectWhole = async (lane: Lane, { redis }: StoreUnderTest, term: number, where: string): Promise<number> => {
  const status = await untilQuiet(lane, term - 1)
  expect(await countSessions(redis, sessions), where).toBe(sessions)
  const records = await lane.api.list(auditRecords, { namespace: lane.namespace })
  const terms = records
    .filter(({ spec }) => spec.entry.type === 'PrimaryChanged')
    .map(({ spec }) => spec.entry.details['term'])
  expect(new Set(terms).size, where).toBe(terms.length)
  expect(terms.length, where).toBe(status.primary?.term)
  await expectChain(lane)
  return status.primary?.term ?? 0
}

const crash = async (
  lane: Lane,
  operator: OperatorProcess,
  { act }: Loss,
  { point, when }: Strike,
): Promise<OperatorProcess> => {
  const before = (await untilWhole(lane, name)).primary
  const killed = killAt(lane, point, when, operator)
  await act(lane, before?.current ?? '')
  const reached = await Promise.race([killed.done.then(() => true), untilSettled(lane, before?.term ?? 0)])
  if (!reached && !killed.isReached()) {
    // How often status and labels are written depends on what a pass happens to see: this run had no such write.
    lane.proxy.faults.clear()
    return operator
  }
  await killed.done
  lane.proxy.faults.clear()
  await lane.expireLease()
  return await lane.start()
}

const untilSettled = async (lane: Lane, term: number): Promise<false> => {
  await untilWhole(lane, name, { afterTerm: term })
  return false
}

test.concurrent.each(losses)(
  'killed at every write of $what: no session is lost, and nothing is done twice',
  async (loss) => {
    const lane = await openLane(cluster(), loss.namespace)
    try {
      let operator = await lane.start()
      const store = await makeStore(lane, name, topology())
      await writeSessions(store.redis, sessions)
      const first = (await untilWhole(lane, name)).primary
      const from = lane.proxy.writes.length
      await loss.act(lane, first?.current ?? '')
      let term = await expectWhole(lane, store, (first?.term ?? 0) + 1, 'reference')
      // What the pods' own comings and goings bring after the change (labels, another status) is not part of it.
      const written = lane.proxy.writes.slice(from)
      const recorded = written.findLastIndex(({ resource }) => resource === 'auditrecords.sessionstore.dev')
      const points = pointsOf(written.slice(0, recorded + 2))
      console.log(`${loss.namespace}: ${points.map(label).join(', ')}`)
      let crashes = 0
      for (const strike of strikesAt(points)) {
        const startedMs = performance.now()
        const where = `killed ${strike.where}`
        const next = await crash(lane, operator, loss, strike)
        term = await expectWhole(lane, store, term + 1, where)
        const came = next === operator ? 'never came to it' : 'done'
        operator = next
        console.log(`${where}: ${came}, ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
        if (came === 'done') crashes += 1
      }
      // The term twice, the way to the new primary, the record: those are in every run.
      expect(crashes).toBeGreaterThanOrEqual(isEveryPoint ? 8 : 4)
      await store.close()
    } finally {
      await lane.close()
    }
  },
)
