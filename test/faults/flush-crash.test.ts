import { expect, test } from 'vitest'
import { isWrite, type RequestInfo } from '../integration/fault-proxy/request-info.ts'
import { clusterWithoutOperator } from './alone.ts'
import { createFlush, expectEnd, logIn, makeStore, untilEnded, type StoreUnderTest } from './flush-run.ts'
import { openLane, type Lane } from './lane.ts'
import type { OperatorProcess } from './operator-process.ts'

const cluster = clusterWithoutOperator()

/** One write of a flush: what, and the how-manieth of that sort. */
interface Point {
  readonly verb: RequestInfo['verb']
  readonly resource: string
  readonly subresource: string
  readonly nth: number
}

/** The lease is not part of a flush, and events may be lost. */
const isOfFlush = (info: RequestInfo): boolean =>
  isWrite(info) && !['leases.coordination.k8s.io', 'events.events.k8s.io'].includes(info.resource)

const pointsOf = (writes: readonly RequestInfo[]): readonly Point[] => {
  const counts = new Map<string, number>()
  return writes.filter(isOfFlush).map(({ verb, resource, subresource }) => {
    const kind = `${verb} ${resource}/${subresource}`
    const nth = (counts.get(kind) ?? 0) + 1
    counts.set(kind, nth)
    return { verb, resource, subresource, nth }
  })
}

const label = ({ verb, resource, subresource, nth }: Point): string =>
  `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`} #${nth}`

/** Lets a flush go on until it makes that write, and kills the operator before it is made or before its answer arrives. */
const killAt = (lane: Lane, { nth, ...match }: Point, when: 'before' | 'after', operator: OperatorProcess) => {
  const killed = Promise.withResolvers<void>()
  let reached = false
  const kill = async () => {
    reached = true
    operator.signal('SIGKILL')
    await operator.exited
    killed.resolve()
  }
  const hook =
    when === 'before'
      ? { kind: 'hook' as const, before: async () => (await kill(), 'drop' as const) }
      : { kind: 'hook' as const, after: kill }
  lane.proxy.faults.set({ ...match, namespace: lane.namespace }, hook, { nth })
  return { done: killed.promise, isReached: () => reached }
}

const crash = async (
  lane: Lane,
  store: StoreUnderTest,
  operator: OperatorProcess,
  point: Point,
  when: 'before' | 'after',
  name: string,
): Promise<OperatorProcess> => {
  await logIn(store)
  const killed = killAt(lane, point, when, operator)
  await createFlush(lane, store.name, name)
  await Promise.race([
    killed.done,
    untilEnded(lane, name).then(async () => {
      if (!killed.isReached()) throw new Error(`the flush ended and the operator never came to ${label(point)}`)
      await killed.done
    }),
  ])
  lane.proxy.faults.clear()
  await lane.expireLease()
  const next = await lane.start()
  await untilEnded(lane, name)
  await expectEnd(lane, store, name)
  return next
}

test.concurrent.each([
  ['without persistence', 'faults-crash', {}],
  ['with an append-only file', 'faults-crash-aof', { persistence: { mode: 'AppendOnly' } }],
])('killed before and after every write of a flush, %s: the end is the same', async (_, namespace, spec) => {
  const lane = await openLane(cluster(), namespace)
  try {
    let operator = await lane.start()
    const store = await makeStore(lane, 'web', spec)
    await logIn(store)
    const from = lane.proxy.writes.length
    await createFlush(lane, store.name, 'reference')
    await untilEnded(lane, 'reference')
    await expectEnd(lane, store, 'reference')
    const points = pointsOf(lane.proxy.writes.slice(from))
    console.log(`${namespace}: ${points.map(label).join(', ')}`)
    // intent and result, fence and its end
    expect(points.filter(({ resource }) => resource === 'auditrecords.sessionstore.dev').length).toBe(2)
    expect(points.filter(({ resource }) => resource === 'secrets').length).toBe(2)
    for (const [index, point] of points.entries()) {
      for (const when of ['before', 'after'] as const) {
        const startedMs = performance.now()
        try {
          operator = await crash(lane, store, operator, point, when, `${when}-${index}`)
        } catch (error) {
          throw new Error(`killed ${when} ${label(point)}: ${String(error)}`, { cause: error })
        }
        console.log(`${namespace}: ${when} ${label(point)}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
      }
    }
    await store.close()
  } finally {
    await lane.close()
  }
})
