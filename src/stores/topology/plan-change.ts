import type { AnsweringNode, StoreNode } from '../observe.ts'
import { answers } from '../observe.ts'
import { isLeaving, readySinceMs } from '../pod-state.ts'
import { rollHashAnnotation } from '../names.ts'

/** What is to be done next so that every pod is as the spec wants it. */
export type PlannedChange =
  | { readonly next: 'nothing' }
  | { readonly next: 'handOver'; readonly to: AnsweringNode; readonly cause: string }
  /** Delete the pod of a replica: it comes back as the spec wants it. */
  | { readonly next: 'replace'; readonly node: StoreNode; readonly left: number }
  | { readonly next: 'wait'; readonly message: string }

export interface ChangeFacts {
  readonly primary: AnsweringNode
  readonly nodes: readonly StoreNode[]
  /** How many replicas the spec asks for. */
  readonly replicas: number
  /** The roll hash of pods that are as the spec wants them. */
  readonly rollHash: string
  /** A flush holds writes back, or the store is paused: nothing is replaced meanwhile. */
  readonly held: boolean
  readonly now: Date
}

/**
 * A pod must have been ready for this long before the next one goes, in ms. kube-proxy writes its rules at most once a second (`minSyncPeriod`): the change
 * of the primary must not wait behind that of a replica.
 * The API server keeps the time in whole seconds.
 */
const readyMs = 3_000

/**
 * Replicas first, one at a time and only while all others follow; then the primary hands over, and is a replica like the others. A primary whose
 * pod is going hands over at once.
 */
export const planChange = (facts: ChangeFacts): PlannedChange => {
  const { primary, nodes, replicas, rollHash, held } = facts
  const heir = heirOf(facts)
  const going = goingBecause(primary)
  if (going !== undefined)
    return heir
      ? { next: 'handOver', to: heir, cause: going }
      : { next: 'wait', message: `${going}, and no replica follows it that could take over` }
  if (primary.ordinal > replicas) return makeRoom(facts, heir)
  const outdated = nodes.filter(({ pod }) => pod && !isLeaving(pod) && hashOf(pod) !== rollHash)
  if (outdated.length === 0 || held) return { next: 'nothing' }
  // One that does not follow, and that the spec wants otherwise, may be so because of the spec before: it is no use to anybody as it is.
  const stuck = outdated.find((node) => node.uid !== primary.uid && !followsPrimary(node, primary))
  if (stuck) return { next: 'replace', node: stuck, left: outdated.length }
  const missing = missingBefore(facts)
  if (missing !== undefined) return { next: 'wait', message: `${outdated.length} pods wait to be replaced: ${missing}` }
  const [replica] = outdated.filter(({ uid }) => uid !== primary.uid).toSorted((a, b) => b.ordinal - a.ordinal)
  if (replica) return { next: 'replace', node: replica, left: outdated.length }
  return heir
    ? { next: 'handOver', to: heir, cause: 'its pod is replaced for a change of the spec' }
    : { next: 'wait', message: 'No replica follows the primary' }
}

const hashOf = (pod: NonNullable<StoreNode['pod']>): string | undefined =>
  pod.metadata.annotations?.[rollHashAnnotation]

const goingBecause = ({ name, pod }: StoreNode): string | undefined => {
  if (!pod) return `the pod of ${name} was deleted by force`
  return isLeaving(pod) ? `the pod of ${name} is being deleted` : undefined
}

/** The spec asks for fewer pods, and the primary is one of those that go: it hands over before its pod does, when all is quiet. */
const makeRoom = (facts: ChangeFacts, heir: AnsweringNode | undefined): PlannedChange => {
  const missing = missingBefore(facts)
  const cause = `the spec asks for fewer pods than ${facts.primary.name}`
  if (missing !== undefined || !heir)
    return { next: 'wait', message: `${cause}: ${missing ?? 'no replica follows it'}` }
  return { next: 'handOver', to: heir, cause }
}

/** True of a node that has all that the primary has, as far as its link says. */
export const followsPrimary = (node: StoreNode, primary: AnsweringNode): node is AnsweringNode =>
  answers(node) &&
  node.uid !== primary.uid &&
  node.state.info.role === 'replica' &&
  node.state.info.replication.linkUp &&
  !node.state.info.replication.syncing &&
  node.state.info.replication.primaryHost === primary.address

/** Who takes over: a replica that stays, as the spec wants it before one that must be replaced as well, and the furthest of those. */
const heirOf = ({ primary, nodes, replicas, rollHash }: ChangeFacts): AnsweringNode | undefined => {
  const staying = nodes.filter(
    (node): node is AnsweringNode =>
      followsPrimary(node, primary) && node.pod !== undefined && !isLeaving(node.pod) && node.ordinal <= replicas,
  )
  const fresh = ({ pod }: StoreNode) => Number(pod !== undefined && hashOf(pod) === rollHash)
  const [best] = staying.toSorted(
    (a, b) => fresh(b) - fresh(a) || b.state.info.replication.offset - a.state.info.replication.offset,
  )
  return best
}

/** What must be there before one more pod may go, in words, or undefined when it is. */
const missingBefore = ({ primary, nodes, replicas, now }: ChangeFacts): string | undefined => {
  const there = nodes.filter(({ pod }) => pod && !isLeaving(pod))
  const wanted = there.filter(({ ordinal }) => ordinal <= replicas).length
  if (wanted < replicas + 1) return `there are ${wanted} of ${replicas + 1} pods`
  const going = nodes.find(({ uid, pod }) => uid !== primary.uid && pod && isLeaving(pod))
  if (going) return `${going.name} is still going`
  const away = there.find((node) => node.uid !== primary.uid && !followsPrimary(node, primary))
  if (away) return `${away.name} does not follow the primary yet`
  const fresh = there.find(({ pod }) => {
    const sinceMs = pod && readySinceMs(pod)
    // A node's clock may be ahead of ours: then it is not waited for.
    return sinceMs === undefined || (now.getTime() >= sinceMs && now.getTime() - sinceMs < readyMs)
  })
  return fresh && `${fresh.name} has just become ready, or is not yet`
}
