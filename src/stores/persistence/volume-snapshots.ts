import type { ReadSessionStore } from '../../api/resources.ts'
import { isApiError } from '../../kubernetes/errors.ts'
import type { KubernetesObject, Resource } from '../../kubernetes/objects.ts'
import { storeNamespace } from '../names.ts'
import { claimName, hasClaims } from '../plan/claim.ts'
import type { StoreRuntime } from '../runtime.ts'

interface VolumeSnapshot extends KubernetesObject {
  readonly spec?: { readonly source?: { readonly persistentVolumeClaimName?: string } }
}

/** Of the CSI snapshotter, where the cluster has it (https://kubernetes-csi.github.io/docs/snapshot-restore-feature.html). */
const volumeSnapshots: Resource<VolumeSnapshot> = {
  group: 'snapshot.storage.k8s.io',
  version: 'v1',
  plural: 'volumesnapshots',
  kind: 'VolumeSnapshot',
  namespaced: true,
}

/** Copies of a store's claims that the cluster knows of, by name; or why that cannot be said. */
export const findVolumeSnapshots = async (
  { client }: Pick<StoreRuntime, 'client'>,
  store: ReadSessionStore,
  signal: AbortSignal,
): Promise<readonly string[] | string> => {
  if (!hasClaims(store)) return []
  try {
    const found = await client.list(volumeSnapshots, { namespace: storeNamespace(store), signal })
    return found.filter((snapshot) => isOf(snapshot, store)).map(({ metadata }) => metadata.name ?? '')
  } catch (error) {
    if (isApiError(error, 'notFound')) return []
    if (isApiError(error)) return error.message
    throw error
  }
}

/** Of whichever of its pods, those that are asked for no more included. */
const isOf = ({ spec }: VolumeSnapshot, store: ReadSessionStore): boolean => {
  const claim = spec?.source?.persistentVolumeClaimName ?? ''
  const start = claimName(store, 0).slice(0, -1)
  return claim.startsWith(start) && /^[0-9]+$/.test(claim.slice(start.length))
}
