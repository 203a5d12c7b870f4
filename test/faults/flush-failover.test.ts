import { expect, test } from 'vitest'
import { auditRecords } from '../../src/api/resources.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { countOnNode, topology, untilWhole } from '../e2e/replicated/fixture.ts'
import { clusterWithoutOperator } from './without-operator.ts'
import { label, pointsOf, type Point } from './crash-points.ts'
import {
  createFlush,
  everybody,
  expectChain,
  followRotation,
  guarded,
  logIn,
  makeStore,
  readFlush,
  rotated,
  untilEnded,
  type StoreUnderTest,
} from './flush-run.ts'
import { openLane, type Lane } from './lane.ts'

const cluster = clusterWithoutOperator()

const sessions = 1000

/** Kills the primary when the operator makes that write; resolves with whether it came to it. */
const killPrimaryAt = (lane: Lane, { nth, ...match }: Point, pod: string) => {
  let killed = false
  const before = async () => {
    killed = true
    process.kill(await lane.cluster.containerPid(lane.namespace, pod, 'redis'), 'SIGKILL')
  }
  lane.proxy.faults.set({ ...match, namespace: lane.namespace }, { kind: 'hook', before }, { nth })
  return { wasKilled: () => killed }
}

/** How many sessions of before each node has; undefined when one could not be read: a kill may come at the very end, and status be a moment old. */
const readNodes = async (lane: Lane, storeName: string): Promise<readonly number[] | undefined> => {
  const { nodes = [] } = await untilWhole(lane, storeName)
  try {
    return await Promise.all(nodes.map((node) => countOnNode(lane, node.name, storeName, sessions)))
  } catch (error) {
    if (String(error).includes('MASTERDOWN')) return undefined
    throw error
  }
}

/** A kill may come at the very end: until a primary leads again an application is told READONLY or LOADING, as with any failover. */
const untilLoginWorks = async ({ redis }: StoreUnderTest): Promise<void> => {
  const login = async () => {
    await redis.set('shop:session:login', 'v', 'EX', 60)
    return (await redis.del('shop:session:login')) === 1
  }
  await waitUntil('a login works', login, { timeoutMs: 30_000, intervalMs: 100 })
}

/** Completed is true: people can log in, and no node has a session of before, by a reading of each. */
const expectTrue = async (lane: Lane, store: StoreUnderTest, name: string) => {
  const { status, metadata } = await readFlush(lane, name)
  expect(status?.phase, name).toBe('Completed')
  for (const node of status?.nodes ?? []) expect(node, name).toMatchObject({ acknowledged: true })
  await followRotation(lane, store, name)
  await untilLoginWorks(store)
  const counted = await waitUntil('every node can be read', () => readNodes(lane, store.name), {
    timeoutMs: 60_000,
    intervalMs: 100,
  })
  expect(counted, name).toEqual([0, 0, 0])
  const records = await lane.api.list(auditRecords, { namespace: lane.namespace })
  const own = records.filter(({ spec }) => spec.entry.subject.uid === metadata.uid).map(({ spec }) => spec.entry)
  expect(
    own.toSorted((a, b) => a.sequence - b.sequence).map(({ type }) => type),
    name,
  ).toEqual(['FlushIntended', 'FlushCompleted'])
  await expectChain(lane)
}

test.each([
  ['every write of a flush', 'faults-flush-failover', {}, 1, 8],
  ['every other write of a guarded flush', 'faults-guard-failover', guarded, 2, 3],
  ['every third write of one with new passwords', 'faults-rotated-failover', rotated, 3, 3],
  ['every third write of a guarded flush of everybody', 'faults-aside-failover', everybody, 3, 2],
])(
  'the primary is killed at %s: it completes, and then no node has a session of before',
  async (_, namespace, spec, step, atLeast) => {
    const lane = await openLane(cluster(), namespace)
    try {
      await lane.start()
      const store = await makeStore(lane, 'web', topology())
      await logIn(store)
      await untilWhole(lane, 'web')
      const from = lane.proxy.writes.length
      await createFlush(lane, store.name, 'reference', { spec })
      await untilEnded(lane, 'reference')
      await expectTrue(lane, store, 'reference')
      const points = pointsOf(lane.proxy.writes.slice(from))
        .filter(({ resource }) => !['pods', 'endpointslices.discovery.k8s.io'].includes(resource))
        .filter((_point, index) => index % step === 0)
      console.log(points.map(label).join(', '))
      let kills = 0
      for (const [index, point] of points.entries()) {
        const name = `at-${index}`
        const { primary } = await untilWhole(lane, 'web')
        await untilLoginWorks(store)
        await logIn(store)
        const kill = killPrimaryAt(lane, point, primary?.current ?? '')
        try {
          await createFlush(lane, store.name, name, { spec })
          await untilEnded(lane, name, 60_000)
          lane.proxy.faults.clear()
          await expectTrue(lane, store, name)
        } catch (error) {
          throw new Error(`killed at ${label(point)}: ${String(error)}`, { cause: error })
        }
        if (kill.wasKilled()) kills += 1
      }
      // How often a store's own status is written depends on what its passes happen to see.
      expect(kills).toBeGreaterThanOrEqual(atLeast)
      await store.close()
    } finally {
      await lane.close()
    }
  },
)
