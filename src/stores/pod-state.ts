import type { ContainerStatus, Pod } from '../kubernetes/kinds.ts'

/** What keeps a pod from being ready, in a person's words; undefined when nothing that a person must look at. */
export const podTrouble = (pod: Pod): { readonly reason: string; readonly message: string } | undefined => {
  const scheduled = pod.status?.conditions?.find((condition) => condition.type === 'PodScheduled')
  if (scheduled?.status === 'False') {
    return {
      reason: 'Unschedulable',
      message: `Pod ${nameOf(pod)} cannot be scheduled: ${scheduled.message ?? 'no reason given'}`,
    }
  }
  for (const status of statuses(pod)) {
    const waiting = status.state?.waiting
    const ordinary = ['ContainerCreating', 'PodInitializing', undefined]
    if (waiting && !ordinary.includes(waiting.reason)) {
      const last = status.lastState?.terminated?.reason
      return {
        reason: waiting.reason ?? 'Waiting',
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

/** True when the Redis container runs, ready or not: it can be asked. */
export const isRunning = (pod: Pod): boolean =>
  pod.status?.podIP !== undefined &&
  pod.metadata.deletionTimestamp === undefined &&
  (pod.status.containerStatuses ?? []).some((status) => status.state?.running !== undefined)

const nameOf = (pod: Pod): string => pod.metadata.name ?? ''
const statuses = (pod: Pod): readonly ContainerStatus[] => [
  ...(pod.status?.initContainerStatuses ?? []),
  ...(pod.status?.containerStatuses ?? []),
]
