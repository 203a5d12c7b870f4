import { parseBytes } from '../api/values.ts'
import type { Client } from '../kubernetes/client.ts'
import { isApiError } from '../kubernetes/errors.ts'
import { pods, type Pod, type PodContainer } from '../kubernetes/kinds.ts'
import { nameOf } from '../kubernetes/objects.ts'
import { serverContainer, type resources } from './plan/stateful-set.ts'

export type ResizeState =
  /** The container has the limit. */
  | { readonly state: 'Done' }
  /** The kubelet is at it; an event of the pod tells when it is done. */
  | { readonly state: 'UnderWay' }
  /** The node has no room, or the cluster cannot resize pods in place. */
  | { readonly state: 'Refused'; readonly message: string }

/** The memory limit that the kubelet says is in force, in bytes. */
export const actualLimitBytes = (pod: Pod): number | undefined => {
  const status = pod.status?.containerStatuses?.find((entry) => entry.name === serverContainer)
  const limit = status?.resources?.limits?.memory ?? specLimit(pod)
  return limit === undefined ? undefined : parseBytes(limit)
}

const specLimit = (pod: Pod): string | undefined =>
  pod.spec?.containers.find((entry) => entry.name === serverContainer)?.resources?.limits?.memory

const withMemory = (
  now: PodContainer['resources'],
  wanted: ReturnType<typeof resources>,
): PodContainer['resources'] => ({
  ...now,
  limits: { ...now?.limits, memory: wanted.limits.memory },
  requests: { ...now?.requests, memory: wanted.requests.memory },
})

/** Asks for the container's memory to be changed in place (`pods/resize`, Kubernetes 1.33 and newer). */
export const resizePod = async (
  client: Client,
  pod: Pod,
  wanted: ReturnType<typeof resources>,
  signal: AbortSignal,
): Promise<ResizeState> => {
  const wantedBytes = parseBytes(wanted.limits.memory)
  if (parseBytes(specLimit(pod) ?? '0') !== wantedBytes) {
    // A merge patch replaces the list, so every container goes along as it is.
    const containers = pod.spec?.containers.map((entry) =>
      entry.name === serverContainer ? { ...entry, resources: withMemory(entry.resources, wanted) } : entry,
    )
    try {
      await client.patch(
        pods,
        nameOf(pod),
        { metadata: { resourceVersion: pod.metadata.resourceVersion }, spec: { containers } },
        { subresource: 'resize', signal },
      )
    } catch (error) {
      if (isApiError(error, 'notFound', 'invalid', 'forbidden', 'terminal'))
        return { state: 'Refused', message: error.message }
      throw error
    }
    return { state: 'UnderWay' }
  }
  const pending = pod.status?.conditions?.find((condition) => condition.type === 'PodResizePending')
  if (pending?.reason === 'Infeasible') return { state: 'Refused', message: pending.message ?? 'the node has no room' }
  return actualLimitBytes(pod) === wantedBytes ? { state: 'Done' } : { state: 'UnderWay' }
}
