import type { SessionStore } from '../api/resources.ts'
import type { SessionStoreStatus } from '../api/session-store-status.ts'
import type { Client } from '../kubernetes/client.ts'
import { writeStatusPart } from './write-status-part.ts'

const auditManager = 'session-store-operator-audit'

/** Shows the newest record of a store's chain in its status, unless a newer one stands there. */
export const writeAuditHead = async (
  client: Client,
  store: SessionStore,
  head: NonNullable<SessionStoreStatus['audit']>,
  signal: AbortSignal,
): Promise<void> => {
  if ((store.status?.audit?.sequence ?? 0) >= head.sequence) return
  await writeStatusPart(client, store, { audit: head }, auditManager, signal)
}
