import type { ReadSessionStore } from '../../api/resources.ts'
import type { Replication } from '../../redis/info.ts'

/**
 * True when a node has not taken part in the last deletion of a flush: it was cut off before, so every session that it has is one that was ended. A
 * history that status does not know is older, or was read from a file; those that a flush has completed on are clean by its own word.
 */
export const isBehindRevocation = (
  { status }: Pick<ReadSessionStore, 'status'>,
  { id, offset }: Pick<Replication, 'id' | 'offset'>,
): boolean => {
  const mark = status?.revocation
  if (!mark) return false
  if (id === mark.replicationId) return offset < mark.offset
  // Whoever follows a later primary has what that one had, and it had the deletion, or was cleaned.
  return id === mark.earlierReplicationId
}
