import { parseInfo } from '../redis/info.ts'
import type { Flush } from './flush.ts'
import type { FlushPrimary } from './node.ts'
import type { FlushRuntime } from './runtime.ts'
import { writeRevocation } from './write-revocation.ts'

/** Puts into the store's status how far a node must have come to have the deletion: who has not is emptied before it is promoted. */
export const markDeletion = async (
  runtime: FlushRuntime,
  flush: Flush,
  { connection, replicas, away }: Pick<FlushPrimary, 'connection' | 'replicas' | 'away'>,
  signal: AbortSignal,
): Promise<void> => {
  const { id, earlierId, offset } = parseInfo(await connection.call(['INFO'], { signal })).replication
  const revocation = {
    flush: flush.uid,
    replicationId: id,
    ...(earlierId === undefined ? {} : { earlierReplicationId: earlierId }),
    offset,
    unacknowledged: [...replicas, ...away].map(({ uid }) => uid).toSorted((a, b) => a.localeCompare(b)),
  }
  await writeRevocation(runtime, flush, revocation, signal)
}
