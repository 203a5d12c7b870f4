import { expect } from 'vitest'
import type { SessionStoreStatus } from '../../src/api/session-store-status.ts'
import { auditRecords } from '../../src/api/resources.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { redisThrough } from '../e2e/fixtures.ts'
import { secretData } from '../e2e/objects.ts'
import { openTunnel } from '../e2e/tunnel.ts'
import { countOnNode, topology, untilWhole } from '../e2e/replicated/fixture.ts'
import { label, pointsOf } from './crash-points.ts'
import {
  createFlush,
  expectChain,
  followRotation,
  logIn,
  makeStore,
  readFlush,
  untilEnded,
  type StoreUnderTest,
} from './flush-run.ts'
import { openLane, type Lane } from './lane.ts'

const sessions = 1000

/** What happens to a store in the middle of a flush; resolves when it has. Given what its status said before. */
export type Strike = (lane: Lane, status: SessionStoreStatus) => Promise<void>

export interface Disturbed {
  /** What the flush asks for, beside what all of them do. */
  readonly spec: Readonly<Record<string, unknown>>
  /** Strike at every such write of the operator: one flush for each. */
  readonly step: number
  readonly strike: Strike
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

/** What each node says to somebody who has that login. */
const answersTo = async (lane: Lane, storeName: string, login: Readonly<Record<string, string>>) => {
  const { nodes = [] } = await untilWhole(lane, storeName)
  return await Promise.all(
    nodes.map(async ({ name }) => {
      const { podIP } = (await lane.objects.get('pod', name, lane.namespace))['status'] as { podIP: string }
      const tunnel = await openTunnel(lane.cluster, lane.namespace, 'client', podIP, Number(login['port']))
      const redis = redisThrough(tunnel, login)
      try {
        return (await redis.get('shop:session:0')) ?? 'nothing'
      } catch (error) {
        return String(error)
      } finally {
        redis.disconnect()
        await tunnel.close()
      }
    }),
  )
}

const loginOf = async ({ objects, namespace }: Lane, storeName: string) =>
  secretData(await objects.get('secret', `${storeName}-web`, namespace))

/** Flushes a store of three nodes again and again, and strikes at another write each time: each is true. Resolves with how often it came to that write. */
export const flushDisturbed = async (
  cluster: Cluster,
  namespace: string,
  { spec, step, strike }: Disturbed,
): Promise<number> => {
  const lane = await openLane(cluster, namespace)
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
    let strikes = 0
    for (const [index, { nth, ...match }] of points.entries()) {
      const name = `at-${index}`
      const status = await untilWhole(lane, 'web')
      await untilLoginWorks(store)
      await logIn(store)
      const login = await loginOf(lane, store.name)
      const before = async () => {
        strikes += 1
        await strike(lane, status)
      }
      lane.proxy.faults.set({ ...match, namespace: lane.namespace }, { kind: 'hook', before }, { nth })
      try {
        await createFlush(lane, store.name, name, { spec })
        await untilEnded(lane, name, 60_000)
        lane.proxy.faults.clear()
        await expectTrue(lane, store, name)
        const isRotated = (await readFlush(lane, name)).status?.rotation !== undefined
        for (const answer of await answersTo(lane, store.name, login))
          expect(answer, 'to the login of before').toMatch(isRotated ? /WRONGPASS|NOAUTH/ : /^nothing$/)
      } catch (error) {
        throw new Error(`struck at ${label({ nth, ...match })}: ${String(error)}`, { cause: error })
      }
    }
    await store.close()
    return strikes
  } finally {
    await lane.close()
  }
}
