import type { ReadSessionStore } from '../api/resources.ts'
import type { AuditEntry } from '../audit/record.ts'
import { storeName, storeNamespace, storeUid } from './names.ts'
import type { StoreRuntime } from './runtime.ts'
import { writeAuditHead } from './write-audit-head.ts'

/** Who is on record for what the operator does by itself. */
const operatorItself = { username: 'sessionstore.dev/operator', groups: [] } as const

/**
 * Puts what the operator did to a store by itself on record, and in status where the chain ends. Once: `isSame` tells of the details of an earlier
 * record of that type whether they are of this act, which a process before this one may have recorded.
 */
export const recordOwnAct = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  act: Pick<AuditEntry, 'type' | 'reason' | 'details'>,
  isSame: (details: AuditEntry['details']) => boolean,
  signal: AbortSignal,
): Promise<void> => {
  const [name, uid] = [storeName(store), storeUid(store)]
  const { entry, hash } = await runtime.audit.record(
    {
      ...act,
      storeUid: uid,
      storeName: name,
      namespace: storeNamespace(store),
      subject: { kind: 'SessionStore', name, uid },
      requestedBy: operatorItself,
    },
    signal,
    ({ details }) => isSame(details),
  )
  await writeAuditHead(runtime.client, store, { sequence: entry.sequence, head: hash }, signal)
}
