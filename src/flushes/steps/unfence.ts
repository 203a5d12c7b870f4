import { ensureAccess } from '../../stores/access.ts'
import { proceed, type Flush, type StepResult } from '../flush.ts'
import { onNode } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'

/**
 * Closes what the clients had open, so that no request of before goes on, and gives their right to write back: in the Secret first, so that what
 * starts from now on is open, then live. While Redis does not answer this waits: a container that restarts would begin with the fence of its own file.
 */
export const unfence = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> => {
  const access = await ensureAccess(runtime, flush.store, flush.engine, { release: flush.uid, signal })
  return await onNode(runtime, flush, signal, async (primary) => {
    const { keyPrefix } = flush.store.spec.sessions
    for (const { uid, connection, info } of [...primary.replicas, primary]) {
      if (access.fencedBy === undefined) {
        for (const user of access.clientUsers) await connection.call(['CLIENT', 'KILL', 'USER', user], { signal })
      }
      await runtime.liveAcl.ensure(connection, uid, info.runId, access.users, keyPrefix, { signal })
    }
    flush.set('Unfenced', 'True', 'WritesAllowed', 'Clients can write sessions again', runtime.clock.now())
    return proceed
  })
}
