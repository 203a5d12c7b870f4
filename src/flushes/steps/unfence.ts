import { ensureAccess } from '../../stores/access.ts'
import { isRedisError } from '../../redis/errors.ts'
import type { Flush } from '../flush.ts'
import { answeringNode } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'

/**
 * Closes what the clients had open, so that no request of before goes on, and gives their right to write back: in the Secret first, then
 * live. From there on the store's own reconcile would finish it, whatever becomes of us.
 */
export const unfence = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<void> => {
  const access = await ensureAccess(runtime, flush.store, flush.engine, { signal })
  const mine = access.fencedBy === flush.uid
  const open = mine ? await ensureAccess(runtime, flush.store, flush.engine, { fence: null, signal }) : access
  try {
    const node = await answeringNode(runtime, flush.store, signal)
    if (node && mine) {
      for (const user of open.clientUsers) await node.connection.call(['CLIENT', 'KILL', 'USER', user], { signal })
    }
    if (node)
      await runtime.liveAcl.ensure(node.connection, node.info.runId, open.users, flush.store.spec.sessions.keyPrefix, {
        signal,
      })
  } catch (error) {
    // Redis that does not answer will be given these rights by the store's reconcile when it does.
    if (!isRedisError(error)) throw error
  }
  flush.set('Unfenced', 'True', 'WritesAllowed', 'Clients can write sessions again', runtime.clock.now())
}
