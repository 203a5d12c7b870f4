import { isWrite, type RequestInfo } from '../integration/fault-proxy/request-info.ts'
import type { Lane } from './lane.ts'
import type { OperatorProcess } from './operator-process.ts'

/** One write of the operator: what, and the how-manieth of that sort. */
export interface Point {
  readonly verb: RequestInfo['verb']
  readonly resource: string
  readonly subresource: string
  readonly nth: number
}

/** The lease is not part of what is done, and events may be lost. */
const isOfInterest = (info: RequestInfo): boolean =>
  isWrite(info) && !['leases.coordination.k8s.io', 'events.events.k8s.io'].includes(info.resource)

/** The writes that a reference run has made. */
export const pointsOf = (writes: readonly RequestInfo[]): readonly Point[] => {
  const counts = new Map<string, number>()
  return writes.filter(isOfInterest).map(({ verb, resource, subresource }) => {
    const kind = `${verb} ${resource}/${subresource}`
    const nth = (counts.get(kind) ?? 0) + 1
    counts.set(kind, nth)
    return { verb, resource, subresource, nth }
  })
}

/** `CRASH_POINTS=every` (`make crashes`): nothing is left out. */
export const isEveryPoint = process.env['CRASH_POINTS'] === 'every'

/** Where an operator is killed: one write, and whether it is made. */
export interface Strike {
  readonly point: Point
  readonly when: 'before' | 'after'
  /** In words. */
  readonly where: string
}

/** Once at each write, before it and after it by turns; or at each of them both ways. */
export const strikesAt = (points: readonly Point[]): readonly Strike[] =>
  points.flatMap((point, index) => {
    const byTurns = index % 2 === 0 ? ['before' as const] : ['after' as const]
    const whens = isEveryPoint ? (['before', 'after'] as const) : byTurns
    return whens.map((when) => ({ point, when, where: `${when} ${label(point)}` }))
  })

export const label = ({ verb, resource, subresource, nth }: Point): string =>
  `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`} #${nth}`

/** Lets the operator go on until it makes that write, and kills the operator before it is made or before its answer arrives. */
export const killAt = (lane: Lane, { nth, ...match }: Point, when: 'before' | 'after', operator: OperatorProcess) => {
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
