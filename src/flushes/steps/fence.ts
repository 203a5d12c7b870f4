import { ensureAccess } from '../../stores/access.ts'
import { isReplicated } from '../../stores/topology/replicas.ts'
import { parseInfo } from '../../redis/info.ts'
import { deletePrefix } from '../../redis/delete-prefix.ts'
import { isDurable } from '../durable.ts'
import { fenceAndDelete, type FenceResult } from '../fence.ts'
import { proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { onNode, type FlushPrimary } from '../node.ts'
import { writeRevocation } from '../write-revocation.ts'
import type { FlushRuntime } from '../runtime.ts'
import { isConfined } from './plan.ts'

/**
 * Takes write rights and deletes. First in the Secret, so that whatever starts from now on starts fenced; then live and in the server's own ACL
 * file; then once more together with the deletion, in one transaction of one process; and with an append-only file a deletion counts once it is on disk.
 */
export const fenceStep = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async (node) => {
    const access = await ensureAccess(runtime, flush.store, flush.engine, { hold: flush.uid, signal })
    if (access.fencedBy !== flush.uid) {
      flush.set(
        'Fenced',
        'False',
        'FenceTaken',
        'Another flush of this store has the fence: waiting for it',
        runtime.clock.now(),
      )
      return wait(1000)
    }
    const keyPrefix = flush.store.spec.sessions.keyPrefix
    const flushDatabase = isConfined(flush)
    // All users as declared, and none beside them; into the server's own file as well, for a container that restarts. Replicas first: one of them may be
    // promoted at any moment, and rights are not replicated.
    for (const { uid, connection, info } of [...node.replicas, node])
      await runtime.liveAcl.ensure(connection, uid, info.runId, access.users, keyPrefix, { signal })
    const fenced = await fenceAndDelete(node.connection, {
      clientUsers: access.clientUsers,
      keyPrefix,
      flushDatabase,
      signal,
    })
    const unlinked = flushDatabase ? 0 : await deletePrefix(node.connection, keyPrefix, { signal })
    recordNodes(flush, node, fenced, flushDatabase ? fenced.before : unlinked)
    if (isReplicated(flush.store)) await markDeletion(runtime, flush, node, signal)
    const now = runtime.clock.now()
    const startedAt = flush.status.fence?.startedAt ?? now.toISOString()
    flush.status.fence = { startedAt, runId: fenced.info.runId, deletedAtMs: fenced.atMs, deletedAt: now.toISOString() }
    if (fenced.info.appendOnly && !(await isDurable(node.connection, signal))) return wait(500)
    flush.set('Fenced', 'True', 'WritesRefused', 'No client of the store can write a session', now)
    flush.set('Deleted', 'True', flushDatabase ? 'Flushed' : 'Unlinked', 'Every session in scope was deleted', now)
    flush.progress('Draining', 20)
    return proceed
  })

/** Puts into the store's status how far a node must have come to have the deletion: who has not is emptied before it is promoted. */
const markDeletion = async (
  runtime: FlushRuntime,
  flush: Flush,
  { connection, replicas, away }: FlushPrimary,
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

/**
 * What went, for the record. When the process ended between the deletion and this line, the next one finds nothing left to count: then the
 * plan's count stands, taken a moment before. After a restart of Redis in mid-flush the larger count stays. Replicas acknowledge later.
 */
const recordNodes = (flush: Flush, primary: FlushPrimary, { before, info }: FenceResult, revoked: number): void => {
  const known = (name: string) => flush.status.nodes?.find((entry) => entry.name === name)
  const earlier = known(primary.name)
  const planned = flush.status.plan?.matched ?? 0
  const lost = !earlier && before === 0
  const unacknowledged = [
    ...primary.replicas.map(({ name, info: { runId, keyspace } }) => ({ name, runId, keys: keyspace.keys })),
    ...primary.away.map(({ name }) => ({ name, runId: '', keys: 0 })),
  ]
  flush.status.nodes = [
    {
      name: primary.name,
      runId: info.runId,
      before: lost ? planned : Math.max(earlier?.before ?? 0, before),
      revoked: lost ? planned : Math.max(earlier?.revoked ?? 0, revoked),
      acknowledged: true,
    },
    ...unacknowledged.map(({ name, runId, keys }) => {
      const most = Math.max(known(name)?.before ?? 0, keys)
      return { name, runId, before: most, revoked: most, acknowledged: false }
    }),
  ]
}
