import { ensureAccess } from '../../stores/access.ts'
import { isDurable } from '../durable.ts'
import { fenceAndDelete } from '../fence.ts'
import { proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { markDeletion } from '../mark-deletion.ts'
import { onNode } from '../node.ts'
import { recordNodes } from '../record-nodes.ts'
import type { FlushRuntime } from '../runtime.ts'
import { flushesDatabase } from './plan.ts'

/**
 * Takes write rights. First in the Secret, so that whatever starts from now on starts fenced; then live and in the server's own ACL file; then once more, where
 * everything goes together with the deletion, in one transaction of one process; and with an append-only file a deletion counts once it is on disk.
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
    const flushDatabase = flushesDatabase(flush)
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
    recordNodes(flush, node, { runId: fenced.info.runId, revoked: flushDatabase ? fenced.before : undefined })
    if (flushDatabase) await markDeletion(runtime, flush, node, signal)
    const now = runtime.clock.now()
    const startedAt = flush.status.fence?.startedAt ?? now.toISOString()
    flush.status.fence = { startedAt, runId: fenced.info.runId, deletedAtMs: fenced.atMs, deletedAt: now.toISOString() }
    if (flushDatabase && fenced.info.appendOnly && !(await isDurable(node.connection, signal))) return wait(500)
    flush.set('Fenced', 'True', 'WritesRefused', 'No client of the store can write a session', now)
    if (flushDatabase) flush.set('Deleted', 'True', 'Flushed', 'Every session in scope was deleted', now)
    flush.progress(flushDatabase ? flush.afterDeletion : 'Deleting', 20)
    return proceed
  })
