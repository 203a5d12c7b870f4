import type { ReadSessionStore } from '../../api/resources.ts'
import { pods, type Pod } from '../../kubernetes/kinds.ts'
import { nameOf } from '../../kubernetes/objects.ts'
import type { ResolvedEngine } from '../engines.ts'
import { answers, type AnsweringNode, type Observed, type StoreNode } from '../observe.ts'
import { storeUid } from '../names.ts'
import { isLeaving } from '../pod-state.ts'
import type { Report } from '../report.ts'
import type { StoreRuntime } from '../runtime.ts'
import { handOver } from './handover.ts'
import { followsPrimary, planChange } from './plan-change.ts'
import { wantedReplicas } from './replicas.ts'

export interface ChangeContext {
  readonly engine: ResolvedEngine
  readonly observed: Observed
  readonly held: boolean
  readonly rollHash: string
}

/** How soon a store whose pods are not yet all as they should be is looked at again, in ms. */
const soonMs = 500
/** Replicas that do not follow within this time of a change of the primary are a matter for a person, in ms. */
const settleMs = 30_000

export interface Changed {
  readonly store: ReadSessionStore
  /** Undefined when nothing is under way. */
  readonly requeueAfterMs: number | undefined
}

/** Takes the next step towards pods that are all as the spec wants them. */
export const changePods = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  { engine, observed, held, rollHash }: ChangeContext,
  report: Report,
  signal: AbortSignal,
): Promise<Changed> => {
  const { nodes } = observed
  const primary = nodes.find(({ uid }) => uid === store.status?.primary?.pod)
  if (!answers(primary)) return { store, requeueAfterMs: soonMs }
  const replicas = wantedReplicas(store)
  const change = planChange({ primary, nodes, replicas, rollHash, held, now: runtime.clock.now() })
  switch (change.next) {
    case 'nothing':
      return { store, requeueAfterMs: reportReplicas(runtime, store, nodes, primary, report) }
    case 'wait':
      report.set('Progressing', 'True', 'Rolling', change.message)
      return { store, requeueAfterMs: soonMs }
    case 'replace': {
      const message = `Replacing ${change.node.name}, of ${change.left} pods that the spec wants otherwise`
      report.set('Progressing', 'True', 'Rolling', message)
      if (change.node.pod) await deletePod(runtime, change.node.pod, signal)
      return { store, requeueAfterMs: soonMs }
    }
    case 'handOver': {
      const message = `${primary.name} hands over to ${change.to.name}: ${change.cause}`
      report.set('Progressing', 'True', 'HandingOver', message)
      const restMs = hasTime(primary, runtime.clock.now()) ? runtime.serviceRest.remainingMs(storeUid(store)) : 0
      if (restMs > 0) return { store, requeueAfterMs: restMs }
      const options = { cause: change.cause, fenced: held, signal }
      const result = await handOver(runtime, store, engine, primary, change.to, options)
      if (result.done) {
        runtime.log.info({ from: primary.name, to: change.to.name, heldMs: Math.round(result.heldMs) }, 'Handed over')
        return { store: result.store, requeueAfterMs: soonMs }
      }
      const putOff = `${primary.name} stays the primary for now: ${result.reason}`
      runtime.events.record(store, { type: 'Warning', reason: 'HandoverPutOff', message: putOff })
      return { store, requeueAfterMs: soonMs }
    }
    default:
      return change satisfies never
  }
}

/** A pod that is to be gone sooner than this, in ms, has no time to wait for kube-proxy. */
const hurryMs = 5_000

/** The primary serves as long as its process runs: with time, what is waited for costs nobody anything. Deleted by force, it has two seconds. */
const hasTime = ({ pod }: AnsweringNode, now: Date): boolean => {
  const goneAt = pod?.metadata.deletionTimestamp
  return pod !== undefined && (goneAt === undefined || Date.parse(goneAt) - now.getTime() > hurryMs)
}

/** Says how many replicas follow, when some do not; resolves with when to look again. */
const reportReplicas = (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  nodes: readonly StoreNode[],
  primary: AnsweringNode,
  report: Report,
): number | undefined => {
  const wanted = wantedReplicas(store)
  const following = nodes.filter(
    (node) => followsPrimary(node, primary) && node.pod !== undefined && !isLeaving(node.pod),
  ).length
  if (following >= wanted) return store.status?.primary?.bounded === true || wanted < 2 ? undefined : soonMs
  const message = `${following} of ${wanted} replicas follow the primary: its loss may cost sessions until they do`
  const sinceMs = runtime.clock.now().getTime() - Date.parse(store.status?.primary?.change.at ?? '')
  report.set('Progressing', 'True', 'ReplicasSyncing', message)
  if (sinceMs >= settleMs && !report.get('Degraded')) report.set('Degraded', 'True', 'ReplicasMissing', message)
  return soonMs
}

/** Deletes this very pod, as it was read. */
export const deletePod = async (runtime: StoreRuntime, pod: Pod, signal: AbortSignal): Promise<void> => {
  const { uid, resourceVersion } = pod.metadata
  await runtime.client.delete(pods, nameOf(pod), {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    signal,
  })
}
