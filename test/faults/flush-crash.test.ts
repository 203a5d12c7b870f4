import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { waitUntil } from '../cluster/wait-until.ts'
import { countSessions } from '../e2e/fixtures.ts'
import { clusterWithoutOperator } from './without-operator.ts'
import { isEveryPoint, killAt, label, pointsOf, strikesAt, type Point, type Strike } from './crash-points.ts'
import {
  createFlush,
  everybody,
  expectEnd,
  followRotation,
  guarded,
  logIn,
  makeStore,
  rotated,
  untilEnded,
  type StoreUnderTest,
} from './flush-run.ts'
import { openLane, type Lane } from './lane.ts'
import type { OperatorProcess } from './operator-process.ts'

const cluster = clusterWithoutOperator()

/** A store's passes write its status as well, when they have seen something: how often differs from one flush to the next. */
const mayNotCome = ({ resource, subresource }: Point): boolean =>
  resource === 'sessionstores.sessionstore.dev' && subresource === 'status'

const crash = async (
  lane: Lane,
  store: StoreUnderTest,
  operator: OperatorProcess,
  { point, when }: Strike,
  name: string,
  flushSpec: Readonly<Record<string, unknown>>,
): Promise<OperatorProcess> => {
  await logIn(store)
  const killed = killAt(lane, point, when, operator)
  await createFlush(lane, store.name, name, { spec: flushSpec })
  await Promise.race([
    killed.done,
    untilEnded(lane, name).then(async () => {
      // After the last write: the API server may show it before the proxy has its answer.
      await Promise.race([killed.done, delay(2_000)])
      if (killed.isReached()) await killed.done
      else if (!mayNotCome(point)) throw new Error(`the flush ended and the operator never came to ${label(point)}`)
    }),
  ])
  lane.proxy.faults.clear()
  const next = killed.isReached() ? await lane.expireLease().then(() => lane.start()) : operator
  await untilEnded(lane, name)
  await followRotation(lane, store, name)
  await expectEnd(lane, store, name)
  return next
}

const appendOnly = { persistence: { mode: 'AppendOnly' } }

/** Where it is killed, by what is left of a thousand: after each page, or three of them. */
const lefts = isEveryPoint ? Array.from({ length: 19 }, (_, page) => 950 - 50 * page) : [900, 600, 300]

/** Deletes a thousand sessions in two seconds, twenty pages of fifty. */
const slowly = { limits: { drain: '1s', maxFence: '5m', keysPerSecond: 500 } }

test.concurrent.each([
  ['guarded', 'faults-pages-guarded', { ...guarded, ...slowly }],
  ['fenced', 'faults-pages-fenced', { ...guarded, guarantee: 'Fenced', ...slowly }],
])('killed in the middle of a deletion, %s: the next one goes on with it', async (_, namespace, spec) => {
  const lane = await openLane(cluster(), namespace)
  try {
    let operator = await lane.start()
    const store = await makeStore(lane, 'web')
    for (const left of lefts) {
      const name = `at-${left}`
      await logIn(store)
      await createFlush(lane, store.name, name, { spec })
      await waitUntil(`${left} are left`, async () => (await countSessions(store.redis, 1_000)) <= left, {
        timeoutMs: 20_000,
        intervalMs: 5,
      })
      operator.signal('SIGKILL')
      await operator.exited
      const rest = await countSessions(store.redis, 1_000)
      expect(rest, `${name}: what was left when it was killed`).toBeGreaterThan(0)
      await lane.expireLease()
      operator = await lane.start()
      const { status } = await untilEnded(lane, name)
      expect(status?.phase, name).toBe('Completed')
      expect(await countSessions(store.redis, 1_000), name).toBe(0)
      if (namespace === 'faults-pages-guarded') await expectEnd(lane, store, name)
    }
    await store.close()
  } finally {
    await lane.close()
  }
})

/** How many of them a flush writes: intent and result; the fence and its end; and between them the new user, the client's Secret and whose turn it is, and the old user's end. */
const [guard, fence, rotation] = [
  { records: 2, secrets: 0 },
  { records: 2, secrets: 2 },
  { records: 3, secrets: 6 },
]

test.concurrent.each([
  ['without persistence', 'faults-crash', fence, {}, {}],
  ['with an append-only file', 'faults-crash-aof', fence, appendOnly, {}],
  ['guarded', 'faults-crash-guarded', guard, appendOnly, guarded],
  ['of everybody, guarded', 'faults-crash-everybody', guard, appendOnly, everybody],
  ['with new passwords', 'faults-crash-rotated', rotation, {}, rotated],
])('killed at every write of a flush, %s: the end is the same', async (_, namespace, written, spec, flushSpec) => {
  const lane = await openLane(cluster(), namespace)
  try {
    let operator = await lane.start()
    const store = await makeStore(lane, 'web', spec)
    await logIn(store)
    const from = lane.proxy.writes.length
    await createFlush(lane, store.name, 'reference', { spec: flushSpec })
    await untilEnded(lane, 'reference')
    await followRotation(lane, store, 'reference')
    await expectEnd(lane, store, 'reference')
    const points = pointsOf(lane.proxy.writes.slice(from))
    console.log(`${namespace}: ${points.map(label).join(', ')}`)
    expect(points.filter(({ resource }) => resource === 'auditrecords.sessionstore.dev').length).toBe(written.records)
    expect(points.filter(({ resource }) => resource === 'secrets').length).toBe(written.secrets)
    for (const [index, strike] of strikesAt(points).entries()) {
      const startedMs = performance.now()
      try {
        operator = await crash(lane, store, operator, strike, `flush-${index}`, flushSpec)
      } catch (error) {
        throw new Error(`killed ${strike.where}: ${String(error)}`, { cause: error })
      }
      console.log(`${namespace}: ${strike.where}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
    }
    await store.close()
  } finally {
    await lane.close()
  }
})
