import type { Applied } from '../../kubernetes/client.ts'
import type { KubernetesObject, Resource } from '../../kubernetes/objects.ts'

/** An object that a store should become. */
export interface Desired<T extends KubernetesObject> {
  readonly resource: Resource<T>
  readonly object: Applied<T>
}
