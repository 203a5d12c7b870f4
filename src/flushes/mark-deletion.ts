import { parseInfo } from '../redis/info.ts'
import { readStamp, writeStamp } from '../redis/stamp.ts'
import { ensureAccess } from '../stores/access.ts'
import { hasClaims } from '../stores/plan/claim.ts'
import { isReplicated } from '../stores/topology/replicas.ts'
import { writeStatusPart } from '../stores/write-status-part.ts'
import type { Flush } from './flush.ts'
import type { FlushPrimary } from './node.ts'
import type { FlushRuntime } from './runtime.ts'

const manager = 'session-store-operator-revocation'

/**
 * Marks a deletion, once it is done, in the data and in the store's status: whoever has not come so far, a replica that was away or the volume of a time before,
 * holds sessions that were ended. A store whose only data goes with its only pod has nobody to tell.
 */
export const markDeletion = async (
  runtime: FlushRuntime,
  flush: Flush,
  { connection }: Pick<FlushPrimary, 'connection'>,
  signal: AbortSignal,
): Promise<void> => {
  const { store, engine } = flush
  if (!isReplicated(store) && !hasClaims(store)) return
  // Never one that was there before: whoever has that one need not have this deletion.
  const number = Math.max(store.status?.revocation?.number ?? 0, await readStamp(connection, { signal })) + 1
  await writeStamp(connection, number, { signal })
  const { id, earlierId, offset } = parseInfo(await connection.call(['INFO'], { signal })).replication
  const revocation = {
    flush: flush.uid,
    replicationId: id,
    ...(earlierId === undefined ? {} : { earlierReplicationId: earlierId }),
    offset,
    number,
  }
  await writeStatusPart(runtime.client, store, { revocation }, manager, signal)
  // Its kubelet decides who may read it, with nobody's help.
  if (!isReplicated(store)) await ensureAccess(runtime, store, engine, { revocation: number, signal })
}
