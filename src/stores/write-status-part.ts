import { sessionStores, type SessionStore } from '../api/resources.ts'
import type { SessionStoreStatus } from '../api/session-store.ts'
import type { Applied, Client } from '../kubernetes/client.ts'
import { holds } from '../kubernetes/declared.ts'

/**
 * Applies one writer's part of a SessionStore's status: the reconcile, the TTL policy and flushes each own theirs by a field manager of
 * their own. Writes nothing when the object holds it already.
 */
export const writeStatusPart = async (
  client: Client,
  store: SessionStore,
  part: Partial<SessionStoreStatus>,
  fieldManager: string,
  signal: AbortSignal,
): Promise<void> => {
  if (holds(part, store.status ?? {})) return
  const { apiVersion, kind, metadata } = store
  const { name = '', namespace = '' } = metadata
  const applied: Applied<SessionStore> = { apiVersion, kind, metadata: { name, namespace }, status: part }
  await client.apply(sessionStores, applied, { fieldManager, subresource: 'status', signal })
}
