import type { ReadSessionStore } from '../../api/resources.ts'
import { applyIfChanged } from '../../kubernetes/apply.ts'
import { isApiError } from '../../kubernetes/errors.ts'
import { persistentVolumeClaims, type PersistentVolumeClaim } from '../../kubernetes/kinds.ts'
import { keyOf, nameOf } from '../../kubernetes/objects.ts'
import { storeManager } from '../apply-objects.ts'
import { NameTakenError } from '../name-taken-error.ts'
import { objectNames, storeName, storeNamespace, storeUid } from '../names.ts'
import { ordinalOf, type Observed } from '../observe.ts'
import { claim, claimBytes, claimTemplate, hasClaims, requestedBytes, storeUidAnnotation } from '../plan/claim.ts'
import type { StoreRuntime } from '../runtime.ts'

/** What a StatefulSet makes claims from, and why some are not as the spec wants them. */
export interface EnsuredClaims {
  readonly template: object
  /** What the API server said to a larger size; undefined when it took it. */
  readonly notResized: string | undefined
}

/**
 * Makes the claims of a store's pods, before the StatefulSet would, and deletes those of pods that the spec asks for no more: sessions that end from
 * then on must not stay there. Undefined where pods have none. Throws a `NameTakenError` when a claim has the sessions of another store.
 */
export const ensureClaims = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  observed: Observed,
  podCount: number,
  signal: AbortSignal,
): Promise<EnsuredClaims | undefined> => {
  if (!hasClaims(store)) return undefined
  const key = `${storeNamespace(store)}/${objectNames(storeName(store)).statefulSet}`
  const set = runtime.caches.statefulSets.get(key)
  const bytes = claimBytes(store, observed.claims)
  let notResized: string | undefined
  for (let ordinal = 0; ordinal < podCount; ordinal += 1)
    notResized = (await ensureClaim(runtime, store, ordinal, bytes, signal)) ?? notResized
  for (const spare of observed.claims.filter((each) => ordinalOf(nameOf(each).name) >= podCount))
    await deleteSpare(runtime, store, spare, observed, signal)
  return { template: claimTemplate(store, bytes, set), notResized }
}

/** What the API server said to a larger size. */
interface Refusal {
  readonly bytes: number
  readonly untilMs: number
  readonly message: string
}

/** How soon a size that was refused is asked for again, in ms: somebody may have changed the class. */
const againMs = 600_000
/** By claim; an idle store must not ask on each pass. Per client, so that tests share none. */
const refusals = new WeakMap<StoreRuntime['client'], Map<string, Refusal>>()

const remember = ({ client }: StoreRuntime, { metadata }: PersistentVolumeClaim, refusal: Refusal): void => {
  const known = refusals.get(client) ?? new Map<string, Refusal>()
  refusals.set(client, known.set(metadata.uid ?? '', refusal))
}

const ensureClaim = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  ordinal: number,
  bytes: number,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const desired = claim(store, ordinal, bytes)
  const name = nameOf(desired.object)
  const found = runtime.caches.claims.get(keyOf(name)) ?? (await findLive(runtime, name, signal))
  if (found && found.metadata.annotations?.[storeUidAnnotation] !== storeUid(store)) throw new ClaimTakenError(found)
  // Somebody has deleted it, and it goes with its pod: then a new one is made.
  if (found?.metadata.deletionTimestamp !== undefined) return undefined
  const refusal = refusals.get(runtime.client)?.get(found?.metadata.uid ?? '')
  const isKnown = refusal?.bytes === bytes && runtime.clock.monotonicMs() < refusal.untilMs
  const apply = async ({ object }: typeof desired) =>
    await applyIfChanged(runtime.client, persistentVolumeClaims, object, found, { fieldManager: storeManager, signal })
  if (found && isKnown) {
    await apply(claim(store, ordinal, requestedBytes(found)))
    return refusal.message
  }
  try {
    await apply(desired)
    return undefined
  } catch (error) {
    if (!found || !isApiError(error, 'forbidden', 'invalid') || requestedBytes(found) >= bytes) throw error
    // Not every class can grow a volume. What else there is to say of the claim is said all the same.
    await apply(claim(store, ordinal, requestedBytes(found)))
    remember(runtime, found, { bytes, untilMs: runtime.clock.monotonicMs() + againMs, message: error.message })
    return error.message
  }
}

const findLive = async (
  runtime: StoreRuntime,
  name: Parameters<StoreRuntime['client']['get']>[1],
  signal: AbortSignal,
): Promise<PersistentVolumeClaim | undefined> => {
  try {
    return await runtime.client.get(persistentVolumeClaims, name, { signal })
  } catch (error) {
    if (isApiError(error, 'notFound')) return undefined
    throw error
  }
}

/** Only when its pod is gone, and as it was seen. */
const deleteSpare = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  spare: PersistentVolumeClaim,
  { nodes }: Observed,
  signal: AbortSignal,
): Promise<void> => {
  const name = nameOf(spare)
  const { uid, resourceVersion, deletionTimestamp } = spare.metadata
  const inUse = nodes.some(({ ordinal, pod }) => pod && ordinal === ordinalOf(name.name))
  const isPrimarys = store.status?.primary?.target === objectNames(storeName(store)).pod(ordinalOf(name.name))
  if (deletionTimestamp !== undefined || inUse || isPrimarys) return
  await runtime.client.delete(persistentVolumeClaims, name, {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    signal,
  })
}

/** A claim of a store that had this one's name, or that somebody has made. */
class ClaimTakenError extends NameTakenError {
  constructor({ metadata }: PersistentVolumeClaim) {
    const name = metadata.name ?? ''
    super('PersistentVolumeClaim', name)
    const owner = metadata.annotations?.[storeUidAnnotation]
    this.message =
      owner === undefined
        ? `PersistentVolumeClaim ${name} exists, and no SessionStore has made it: delete or rename it, or give the SessionStore another name`
        : `PersistentVolumeClaim ${name} has the sessions of another SessionStore (UID ${owner}), which left it behind: kubectl delete pvc -n ${metadata.namespace ?? ''} ${name} when they are not needed any more, or give the SessionStore another name`
  }
}
