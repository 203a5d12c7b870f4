import type { ReadSessionStore } from '../../api/resources.ts'
import type { Replication } from '../../redis/info.ts'

/**
 * Whether a node has taken part in the last deletion of a flush, by its history. One that has not was cut off before: every session that it has is one that was
 * ended. `unknown`: it is of a history that status does not know, older or read from a file; then the number in its data tells (`redis/stamp.ts`).
 */
export const revocationIn = (
  { status }: Pick<ReadSessionStore, 'status'>,
  { id, offset }: Pick<Replication, 'id' | 'offset'>,
): 'has' | 'lacks' | 'unknown' => {
  const mark = status?.revocation
  if (!mark) return 'has'
  if (id === mark.replicationId) return offset < mark.offset ? 'lacks' : 'has'
  // Whoever follows a later primary has what that one had, and it had the deletion, or was cleaned.
  if (id === status.primary?.replicationId) return 'has'
  return id === mark.earlierReplicationId ? 'lacks' : 'unknown'
}
