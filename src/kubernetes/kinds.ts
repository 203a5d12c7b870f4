import type { KubernetesObject, ObjectMeta, Resource } from './objects.ts'

// Built-in kinds, as far as we read them. What we write is checked by the API server.

export interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>
}

export interface Secret extends KubernetesObject {
  readonly type?: string
  readonly immutable?: boolean
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
}

export interface Service extends KubernetesObject {
  readonly spec?: { readonly clusterIP?: string } & Readonly<Record<string, unknown>>
}

export interface NetworkPolicy extends KubernetesObject {
  readonly spec?: Readonly<Record<string, unknown>>
}

export interface EndpointSlice extends KubernetesObject {
  readonly addressType?: 'IPv4' | 'IPv6'
  readonly ports?: readonly object[]
  readonly endpoints?: readonly ({ readonly addresses: readonly string[] } & Readonly<Record<string, unknown>>)[]
}

export interface PodDisruptionBudget extends KubernetesObject {
  readonly spec?: Readonly<Record<string, unknown>>
}

export interface StatefulSet extends KubernetesObject {
  readonly spec?: {
    readonly template: { readonly metadata: ObjectMeta; readonly spec: object }
    readonly replicas?: number
    readonly volumeClaimTemplates?: readonly object[]
  } & Readonly<Record<string, unknown>>
}

export interface PersistentVolumeClaim extends KubernetesObject {
  readonly spec?: {
    readonly resources?: { readonly requests?: Readonly<Record<string, string>> }
  } & Readonly<Record<string, unknown>>
  readonly status?: {
    /** `Pending`, `Bound` or `Lost`. */
    readonly phase?: string
    readonly capacity?: Readonly<Record<string, string>>
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[]
  }
}

interface Terminated {
  readonly reason?: string
  readonly exitCode?: number
  readonly message?: string
}

export interface ContainerStatus {
  readonly name: string
  readonly ready: boolean
  readonly restartCount: number
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string }
    readonly running?: { readonly startedAt?: string }
    readonly terminated?: Terminated
  }
  /** What the kubelet has put into force. */
  readonly resources?: { readonly limits?: Readonly<Record<string, string>> }
  readonly lastState?: { readonly terminated?: Terminated }
}

export interface PodContainer {
  readonly name: string
  readonly image?: string
  readonly resources?: {
    readonly limits?: Readonly<Record<string, string>>
    readonly requests?: Readonly<Record<string, string>>
  }
}

export interface Pod extends KubernetesObject {
  readonly spec?: {
    readonly containers: readonly PodContainer[]
    readonly volumes?: readonly { readonly name: string }[]
    readonly nodeName?: string
    readonly hostNetwork?: boolean
  }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly reason?: string
    readonly message?: string
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly reason?: string
      readonly message?: string
      readonly lastTransitionTime?: string
    }[]
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

const core = <T extends KubernetesObject>(kind: string, plural: string): Resource<T> => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced: true,
})

export const configMaps = core<ConfigMap>('ConfigMap', 'configmaps')
export const secrets = core<Secret>('Secret', 'secrets')
export const services = core<Service>('Service', 'services')
export const pods = core<Pod>('Pod', 'pods')
export const persistentVolumeClaims = core<PersistentVolumeClaim>('PersistentVolumeClaim', 'persistentvolumeclaims')

export const statefulSets: Resource<StatefulSet> = {
  group: 'apps',
  version: 'v1',
  plural: 'statefulsets',
  kind: 'StatefulSet',
  namespaced: true,
}

/** Applications' own: what they have in common with a StatefulSet is all that we look at. */
export const deployments: Resource<StatefulSet> = { ...statefulSets, plural: 'deployments', kind: 'Deployment' }
export const daemonSets: Resource<StatefulSet> = { ...statefulSets, plural: 'daemonsets', kind: 'DaemonSet' }

export const networkPolicies: Resource<NetworkPolicy> = {
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'networkpolicies',
  kind: 'NetworkPolicy',
  namespaced: true,
}

export const podDisruptionBudgets: Resource<PodDisruptionBudget> = {
  group: 'policy',
  version: 'v1',
  plural: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  namespaced: true,
}

export const endpointSlices: Resource<EndpointSlice> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
}
