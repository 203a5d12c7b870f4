import { group, type ReadSessionStore } from '../../api/resources.ts'
import { parseBytes } from '../../api/values.ts'
import { persistentVolumeClaims, type PersistentVolumeClaim, type StatefulSet } from '../../kubernetes/kinds.ts'
import { labels, objectNames, ownerReference, storeName, storeNamespace, storeUid } from '../names.ts'
import { isReplicated } from '../topology/replicas.ts'
import type { Desired } from './desired.ts'
import { diskBytes } from './memory.ts'

/** The volume with a pod's files, and with it the first part of its claim's name. */
export const volumeName = 'data'
/** On a claim: the UID of the store whose sessions lie there. It outlives the store with it. */
export const storeUidAnnotation = `${group}/store-uid`

/** True when a store's files outlast its pods. */
export const hasClaims = ({ spec }: Pick<ReadSessionStore, 'spec'>): boolean => spec.persistence.claim !== undefined

/** The claim of a pod, as a StatefulSet names it. */
export const claimName = (store: ReadSessionStore, ordinal: number): string =>
  `${volumeName}-${objectNames(storeName(store)).pod(ordinal)}`

const gibibyte = 2 ** 30

/** Bytes that each claim of a store asks for. What lies there does not shrink with `maxmemory`, so neither does what was asked for once. */
export const claimBytes = (store: ReadSessionStore, claims: readonly PersistentVolumeClaim[]): number => {
  const { mode, claim } = store.spec.persistence
  const shape = { mode, replicated: isReplicated(store) }
  const needed = diskBytes(parseBytes(store.spec.memory.maxmemory), shape)
  const asked = claim?.size === undefined ? Math.ceil(needed / gibibyte) * gibibyte : parseBytes(claim.size)
  return Math.max(asked, ...claims.map(requestedBytes))
}

/** Bytes that a claim asks for; 0 when nobody can tell. */
export const requestedBytes = ({ spec }: PersistentVolumeClaim): number =>
  bytesOf(spec?.resources?.requests?.['storage'])

/** Bytes that a claim has got; undefined until it has a volume. */
export const capacityBytes = ({ status }: PersistentVolumeClaim): number | undefined =>
  status?.capacity?.['storage'] === undefined ? undefined : bytesOf(status.capacity['storage'])

/** Some drivers say it in ways that no person would write: then it is not compared. */
const bytesOf = (quantity: string | undefined): number => {
  try {
    return quantity === undefined ? 0 : parseBytes(quantity)
  } catch {
    return 0
  }
}

const claimSpec = (store: ReadSessionStore, bytes: number) => {
  const { storageClassName } = store.spec.persistence.claim ?? {}
  return {
    accessModes: ['ReadWriteOnce'],
    ...(storageClassName === undefined ? {} : { storageClassName }),
    resources: { requests: { storage: quantityOf(bytes) } },
  }
}

const quantityOf = (bytes: number): string => (bytes % gibibyte === 0 ? `${bytes / gibibyte}Gi` : String(bytes))

/**
 * What a StatefulSet makes a claim from. Claims are there before it looks, so this tells it no more than their name; the API server
 * lets nobody change it, so it stays as the set has it.
 */
export const claimTemplate = (store: ReadSessionStore, bytes: number, set: StatefulSet | undefined): object =>
  set?.spec?.volumeClaimTemplates?.[0] ?? {
    metadata: { name: volumeName, labels: labels(store), annotations: { [storeUidAnnotation]: storeUid(store) } },
    spec: claimSpec(store, bytes),
  }

/** The claim of one pod. It goes with the store, unless that is to leave it behind; the StatefulSet does not own it, whose deletion must not end sessions. */
export const claim = (store: ReadSessionStore, ordinal: number, bytes: number): Desired<PersistentVolumeClaim> => ({
  resource: persistentVolumeClaims,
  object: {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(store, ordinal),
      namespace: storeNamespace(store),
      labels: labels(store),
      annotations: { [storeUidAnnotation]: storeUid(store) },
      ...(store.spec.deletionPolicy === 'Retain'
        ? {}
        : { ownerReferences: [{ ...ownerReference(store), controller: false }] }),
    },
    spec: claimSpec(store, bytes),
  },
})
