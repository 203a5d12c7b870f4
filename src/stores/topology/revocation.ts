import type { ReadSessionStore } from '../../api/resources.ts'
import type { Replication } from '../../redis/info.ts'

/**
 * True when a node has not taken part in the last deletion of a flush: it was cut off before, so every session that it has is one that was ended. A
 * history that status does not know is older, or was read from a file: it is trusted when its pod has acknowledged the deletion, file and all.
 */
export const isBehindRevocation = (
  { status }: Pick<ReadSessionStore, 'status'>,
  { id, offset }: Pick<Replication, 'id' | 'offset'>,
  podUid: string,
): boolean => {
  const mark = status?.revocation
  if (!mark) return false
  if (id === mark.replicationId) return offset < mark.offset
  // Whoever follows a later primary has what that one had, and it had the deletion, or was cleaned.
  if (id === status.primary?.replicationId) return false
  return id === mark.earlierReplicationId || (mark.unacknowledged ?? []).includes(podUid)
}
