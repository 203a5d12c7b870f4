import { sessionStores, type SessionStore } from '../api/resources.ts'
import type { SessionStoreStatus } from '../api/session-store-status.ts'
import { applyStatus } from '../kubernetes/apply.ts'
import type { Client } from '../kubernetes/client.ts'

/**
 * Applies one writer's part of a SessionStore's status: the reconcile, the TTL policy and flushes each own theirs, by a field manager of
 * their own. Writes nothing when the object holds it already.
 */
export const writeStatusPart = async (
  client: Client,
  store: SessionStore,
  part: Partial<SessionStoreStatus>,
  fieldManager: string,
  signal: AbortSignal,
): Promise<void> => {
  await applyStatus(client, sessionStores, store, part, fieldManager, { shared: true, signal })
}
