import type { ReadSessionStore } from '../api/resources.ts'
import { applyIfChanged } from '../kubernetes/apply.ts'
import { isApiError } from '../kubernetes/errors.ts'
import type { Informer } from '../kubernetes/informer.ts'
import { keyOf, nameOf, type KubernetesObject } from '../kubernetes/objects.ts'
import { NameTakenError } from './name-taken-error.ts'
import { isOwnedBy } from './names.ts'
import type { Desired } from './plan/desired.ts'
import type { StoreRuntime } from './runtime.ts'

/** The field manager of everything that a store becomes. */
export const storeManager = 'session-store-operator'

/** Makes one object what the store should become. Throws `NameTakenError` when it belongs to somebody else. */
export const applyOwned = async <T extends KubernetesObject>(
  runtime: StoreRuntime,
  store: ReadSessionStore,
  cache: Informer<T>,
  desired: Desired<T>,
  signal: AbortSignal,
): Promise<void> => {
  const { resource, object } = desired
  const name = nameOf(object)
  const observed = cache.get(keyOf(name)) ?? (await findLive(runtime, desired, signal))
  if (observed && !isOwnedBy(observed, store)) throw new NameTakenError(resource.kind, name.name)
  await applyIfChanged(runtime.client, resource, object, observed, { fieldManager: storeManager, signal })
}

/** Caches hold what carries our label; an object without it may still have the name. */
const findLive = async <T extends KubernetesObject>(
  runtime: StoreRuntime,
  desired: Desired<T>,
  signal: AbortSignal,
): Promise<T | undefined> => {
  try {
    return await runtime.client.get(desired.resource, nameOf(desired.object), { signal })
  } catch (error) {
    if (isApiError(error, 'notFound')) return undefined
    throw error
  }
}

/** Deletes an object of ours that the spec asks for no more. */
export const deleteOwned = async <T extends KubernetesObject>(
  runtime: StoreRuntime,
  store: ReadSessionStore,
  cache: Informer<T>,
  desired: Desired<T>,
  signal: AbortSignal,
): Promise<void> => {
  const name = nameOf(desired.object)
  const observed = cache.get(keyOf(name))
  if (!observed || !isOwnedBy(observed, store) || observed.metadata.deletionTimestamp !== undefined) return
  await runtime.client.delete(desired.resource, name, {
    signal,
    ...(observed.metadata.uid === undefined ? {} : { uid: observed.metadata.uid }),
  })
}
