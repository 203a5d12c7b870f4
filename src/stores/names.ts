import { apiVersion, group } from '../api/resources.ts'
import type { KubernetesObject, ObjectMeta, OwnerReference } from '../kubernetes/objects.ts'

/** Whoever owns an object: what names and labels are made from. */
export interface Owner extends KubernetesObject {
  readonly metadata: ObjectMeta
}

/** On every object of ours; informers watch nothing else. */
export const managedBy = { 'app.kubernetes.io/managed-by': 'session-store-operator' } as const
export const managedBySelector = 'app.kubernetes.io/managed-by=session-store-operator'

/** On the ACL Secret while a flush holds writes back: that FlushSessions' UID. What it says, pods boot with. */
export const fenceAnnotation = `${group}/fence`
/** On the pods of a Replicated store: `primary` or `replica`, as the operator has decided. */
export const roleLabel = `${group}/role`
/** On pods and their template: a hash of what cannot change while the server runs. */
export const rollHashAnnotation = `${group}/roll-hash`
/** On pods: the version of the certificate that their server is to load. */
export const certificateVersionAnnotation = `${group}/certificate-version`

export const storeName = (store: Owner): string => store.metadata.name ?? ''
export const storeNamespace = (store: Owner): string => store.metadata.namespace ?? ''
export const storeUid = (store: Owner): string => store.metadata.uid ?? ''

/** Names of the objects that a store becomes. */
export const objectNames = (store: string) => ({
  statefulSet: store,
  service: store,
  headlessService: `${store}-nodes`,
  replicaService: `${store}-replicas`,
  primaryEndpoints: `${store}-primary`,
  config: `${store}-config`,
  acl: `${store}-acl`,
  tls: `${store}-tls`,
  networkPolicy: store,
  podDisruptionBudget: store,
  clientSecret: (client: string) => `${store}-${client}`,
  pod: (ordinal: number) => `${store}-${ordinal}`,
})

/** What selects a store's pods, and nobody else's. */
export const selectorLabels = (store: Owner): Readonly<Record<string, string>> => ({
  'app.kubernetes.io/name': 'session-store',
  'app.kubernetes.io/instance': storeName(store),
})

/** Labels of every object of a store. */
export const labels = (store: Owner): Readonly<Record<string, string>> => ({
  ...selectorLabels(store),
  ...managedBy,
})

export const ownerReference = (store: Owner): OwnerReference => ({
  apiVersion,
  kind: 'SessionStore',
  name: storeName(store),
  uid: storeUid(store),
  controller: true,
  blockOwnerDeletion: true,
})

/** Metadata of an object that belongs to a store and goes with it. */
export const ownedMetadata = (
  store: Owner,
  name: string,
  annotations?: Readonly<Record<string, string>>,
): ObjectMeta => ({
  name,
  namespace: storeNamespace(store),
  labels: labels(store),
  ...(annotations ? { annotations } : {}),
  ownerReferences: [ownerReference(store)],
})

/** True when `object` is controlled by this very store, not by one that had its name before. */
export const isOwnedBy = (object: KubernetesObject, store: Owner): boolean =>
  (object.metadata.ownerReferences ?? []).some((owner) => owner.controller === true && owner.uid === storeUid(store))

/** The name that clients connect to: absolute for the cluster, without the cluster's domain, which nobody can know. */
export const primaryHost = (store: Owner): string =>
  `${objectNames(storeName(store)).service}.${storeNamespace(store)}.svc`

/** The name that clients read from when a moment old is good enough. */
export const replicaHost = (store: Owner): string =>
  `${objectNames(storeName(store)).replicaService}.${storeNamespace(store)}.svc`
