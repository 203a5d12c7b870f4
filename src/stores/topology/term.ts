import { sessionStores, type ReadSessionStore } from '../../api/resources.ts'
import type { PrimaryStatus } from '../../api/session-store-status.ts'
import { applyStatus } from '../../kubernetes/apply.ts'
import { canonicalJson } from '../../kubernetes/declared.ts'
import { ApiError } from '../../kubernetes/errors.ts'
import { nameOf } from '../../kubernetes/objects.ts'
import type { StoreRuntime } from '../runtime.ts'

/** Field manager of `status.primary`. */
const primaryManager = 'session-store-operator-primary'

/**
 * Writes `status.primary` over the one that this pass decided by, and over no other: read live, and with the resourceVersion that was read. Throws
 * a `conflict` when somebody else has decided meanwhile; then nothing may be done, and everything is looked at again. Resolves with the store as it is then.
 */
export const writePrimary = async (
  runtime: Pick<StoreRuntime, 'client'>,
  store: ReadSessionStore,
  next: PrimaryStatus,
  signal: AbortSignal,
): Promise<ReadSessionStore> => {
  const current = await runtime.client.get(sessionStores, nameOf(store), { signal })
  const same =
    current.metadata.uid === store.metadata.uid &&
    canonicalJson(current.status?.primary ?? {}) === canonicalJson(store.status?.primary ?? {})
  if (!same) throw new ApiError('status.primary has changed since it was read', { kind: 'conflict', status: 409 })
  const { object } = await applyStatus(runtime.client, sessionStores, current, { primary: next }, primaryManager, {
    shared: true,
    ifUnchanged: true,
    signal,
  })
  // The spec stays the one of this pass; a newer one has a pass of its own.
  return { ...store, status: { ...object.status, primary: next } }
}
