import type { KubernetesObject, ObjectName } from './objects.ts'
import type { Priority } from './workqueue.ts'

/** What to reconcile, and whether before all others. */
export type ReconcileRequest = ObjectName & { readonly priority?: Priority }

/** Which reconciles a change of `object` calls for. */
export type Mapping<T> = (object: T) => readonly ReconcileRequest[]

/** Reconciles the object itself. */
export const itself = (object: KubernetesObject): readonly ReconcileRequest[] => [
  requestFor(object, object.metadata.name),
]

/**
 * Reconciles the controller that owns the object, when it is of this kind. The version is left out of account: an owner
 * stays the owner when its API moves on.
 */
export const ownerOf = (kind: string, apiVersion: string): Mapping<KubernetesObject> => {
  const group = groupOf(apiVersion)
  return (object) => {
    const owner = object.metadata.ownerReferences?.find(({ controller }) => controller)
    if (owner?.kind !== kind || groupOf(owner.apiVersion) !== group) return []
    return [requestFor(object, owner.name)]
  }
}

const groupOf = (apiVersion: string): string => apiVersion.slice(0, Math.max(0, apiVersion.indexOf('/')))

const requestFor = ({ metadata }: KubernetesObject, name = ''): ReconcileRequest =>
  metadata.namespace === undefined ? { name } : { namespace: metadata.namespace, name }
