/** Metadata as the API server sends it: raw JSON, times as RFC 3339 strings. */
export interface ObjectMeta {
  readonly name?: string
  readonly generateName?: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly OwnerReference[]
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** Any Kubernetes object, as raw JSON. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

/** Which object: `namespace` is absent for cluster-scoped kinds. */
export interface ObjectName {
  readonly namespace?: string
  readonly name: string
}

/** A kind the API serves, and the TypeScript shape of its objects. */
export interface Resource<T extends KubernetesObject> {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  /** Carries the type only; never set. */
  readonly object?: T
}

/** `namespace/name`, or `name` alone: the key of workqueues and caches. */
export const keyOf = (name: ObjectName): string => (name.namespace ? `${name.namespace}/${name.name}` : name.name)

/** The inverse of {@link keyOf}. */
export const parseKey = (key: string): ObjectName => {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** The name of an object that the API server returned, which always has one. */
export const nameOf = (object: KubernetesObject): ObjectName => ({
  ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
  name: object.metadata.name ?? '',
})
