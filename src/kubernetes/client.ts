import type { KubernetesObject, ObjectName, Resource } from './objects.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
  /** How long one attempt may take, in ms. Default 10,000. */
  readonly timeoutMs?: number
}

export interface ApplyOptions extends CallOptions {
  readonly fieldManager: string
  /** Take over fields that another manager owns. Default true: a controller owns what it declares. */
  readonly force?: boolean
  readonly subresource?: 'status'
}

export interface PatchOptions extends CallOptions {
  readonly subresource?: 'status' | 'resize'
}

export interface DeleteOptions extends CallOptions {
  /** Delete only this very object, never another one that took its name. */
  readonly uid?: string
  readonly resourceVersion?: string
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan'
  readonly gracePeriodSeconds?: number
}

export interface ListOptions extends CallOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** An object to apply: metadata needs a name, the rest is what we declare. */
export type Applied<T extends KubernetesObject> = Pick<T, 'apiVersion' | 'kind' | 'metadata'> &
  Partial<Omit<T, 'apiVersion' | 'kind' | 'metadata'>>

/**
 * Reads and writes Kubernetes objects as raw JSON. Reads go to the API server, never to a cache. Every write asks the
 * lease first, and throws `LeaseLostError` when this process may no longer be the leader. Failures are `ApiError`s.
 */
export interface Client {
  get<T extends KubernetesObject>(resource: Resource<T>, name: ObjectName, options?: CallOptions): Promise<T>
  /** All pages. */
  list<T extends KubernetesObject>(resource: Resource<T>, options?: ListOptions): Promise<readonly T[]>
  create<T extends KubernetesObject>(resource: Resource<T>, object: Applied<T>, options?: CallOptions): Promise<T>
  /** Server-side apply. */
  apply<T extends KubernetesObject>(resource: Resource<T>, object: Applied<T>, options: ApplyOptions): Promise<T>
  /** Replaces the object that has the `resourceVersion` given in it; a `conflict` when it has moved on. */
  replace<T extends KubernetesObject>(
    resource: Resource<T>,
    object: T,
    options?: CallOptions & { readonly subresource?: 'status' },
  ): Promise<T>
  /** JSON merge patch. */
  patch<T extends KubernetesObject>(
    resource: Resource<T>,
    name: ObjectName,
    patch: object,
    options?: PatchOptions,
  ): Promise<T>
  /** Deletes; an object that is already gone is no error. */
  delete<T extends KubernetesObject>(resource: Resource<T>, name: ObjectName, options?: DeleteOptions): Promise<void>
}
