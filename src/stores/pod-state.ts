import type { ContainerStatus, Pod } from '../kubernetes/kinds.ts'
import type { KubeletReason } from './report.ts'
import { ownerCheckContainer } from './plan/stateful-set.ts'

/** What keeps a pod from being ready, in a person's words; undefined when nothing that a person must look at. */
export const podTrouble = (
  pod: Pod,
):
  | { readonly reason: 'Unschedulable' | 'Evicted' | 'VolumeRefused' | KubeletReason; readonly message: string }
  | undefined => {
  const scheduled = pod.status?.conditions?.find((condition) => condition.type === 'PodScheduled')
  if (scheduled?.status === 'False') {
    return {
      reason: 'Unschedulable',
      message: `Pod ${nameOf(pod)} cannot be scheduled: ${scheduled.message ?? 'no reason given'}`,
    }
  }
  for (const status of statuses(pod)) {
    const refusal = (status.state?.terminated ?? status.lastState?.terminated)?.message
    if (status.name === ownerCheckContainer && !status.ready && refusal !== undefined)
      return {
        reason: 'VolumeRefused',
        message: `The volume of pod ${nameOf(pod)} is not read: ${refusal.trim()}. Bring back the volume that was there, or delete the claim and the pod to begin with an empty one`,
      }
    const waiting = status.state?.waiting
    const ordinary = ['ContainerCreating', 'PodInitializing', undefined]
    if (waiting && !ordinary.includes(waiting.reason)) {
      const last = status.lastState?.terminated?.reason
      return {
        reason: (waiting.reason ?? 'Waiting') as KubeletReason,
        message: `Container ${status.name} of pod ${nameOf(pod)} waits: ${waiting.message ?? waiting.reason ?? ''}${last === undefined ? '' : ` (it ended before: ${last})`}`,
      }
    }
  }
  if (pod.status?.reason === 'Evicted') {
    return { reason: 'Evicted', message: `Pod ${nameOf(pod)} was evicted: ${pod.status.message ?? ''}` }
  }
  return undefined
}

/** True when Redis has run in this pod, so that it may hold sessions. */
export const hasStarted = (pod: Pod): boolean =>
  (pod.status?.containerStatuses ?? []).some(
    (status) =>
      status.state?.running !== undefined || status.restartCount > 0 || status.lastState?.terminated !== undefined,
  )

export const isReady = (pod: Pod): boolean =>
  (pod.status?.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status === 'True')

/** Since when a pod is ready, in ms since 1970 by its node's clock; undefined when it is not. */
export const readySinceMs = (pod: Pod): number | undefined => {
  const ready = pod.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'True')
  return ready && Date.parse(ready.lastTransitionTime ?? '')
}

/** True when the Redis container runs, ready or not: it can be asked. */
export const isRunning = (pod: Pod): boolean =>
  pod.status?.podIP !== undefined &&
  (pod.status.containerStatuses ?? []).some((status) => status.state?.running !== undefined)

/** True when somebody has deleted the pod: it ends within its grace period. */
export const isLeaving = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined

/** True when the kubelet (or, for a node that is out of service, the pod collector) has said that nothing of the pod runs any more. */
export const hasEnded = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

/** By what it is known that the process that ran in the pod has ended, or undefined. */
export const containerEnded = (pod: Pod): string | undefined => {
  if (hasEnded(pod)) return `its pod has ended (${pod.status?.reason ?? pod.status?.phase ?? ''})`
  for (const { state, lastState } of pod.status?.containerStatuses ?? []) {
    const ended = state?.terminated ?? (state?.waiting ? lastState?.terminated : undefined)
    if (ended) return `the kubelet says that its container ended (${ended.reason ?? 'no reason'})`
  }
  return undefined
}

const nameOf = (pod: Pod): string => pod.metadata.name ?? ''
const statuses = (pod: Pod): readonly ContainerStatus[] => [
  ...(pod.status?.initContainerStatuses ?? []),
  ...(pod.status?.containerStatuses ?? []),
]
