import { parseInfo } from '../../redis/info.ts'
import { rememberAside, setAside, unaccounted, type Aside } from '../../redis/aside.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import type { ReturnedWatch } from '../../redis/watch-returned.ts'
import { isReplicated } from '../../stores/topology/replicas.ts'
import { isDurable } from '../durable.ts'
import { proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { asideOf } from '../guard-key.ts'
import { markDeletion } from '../mark-deletion.ts'
import { answeringNode, onNode, type FlushPrimary } from '../node.ts'
import { recordNodes } from '../record-nodes.ts'
import type { FlushRuntime } from '../runtime.ts'
import { noteReturned, watchReturned } from '../watch-returned.ts'
import { beginGuard, namesLost } from './delete.ts'
import { excessOf } from './plan.ts'

/** How long events that are on their way are waited for, in ms. */
const eventsMs = 1_000
const pollMs = 10

/**
 * Puts every session aside at once, then remembers their names and deletes them there. From the first moment on whatever comes back is deleted: a name is known
 * while its session is aside, and after.
 */
export const setAsideStep = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async (node) =>
    watchReturned(runtime, flush, node, signal, async (connection, watch) => {
      const aside = asideOf(flush)
      const most = flush.object.spec.limits.maxAffected
      const { outcome, keys } = await setAside(connection, aside, { signal, most })
      const excess = outcome === 'tooMany' ? excessOf(flush, keys, 0) : undefined
      if (excess) return excess
      const { runId } = parseInfo(await connection.call(['INFO'], { signal }))
      recordNodes(flush, node, { runId, revoked: keys })
      if (isReplicated(flush.store)) await markDeletion(runtime, flush, { ...node, connection }, signal)
      await rememberAside(connection, aside, { signal })
      // It may have taken long: who has come to the store meanwhile has to acknowledge too.
      const now = (await answeringNode(runtime, flush.store, signal)) ?? node
      const current: FlushPrimary = now.uid === node.uid ? now : node
      recordNodes(flush, current, { runId, revoked: 0 })
      if (isReplicated(flush.store)) await markDeletion(runtime, flush, { ...current, connection }, signal)
      if (node.info.appendOnly && !(await isDurable(connection, signal))) return wait(500)
      const unheard = await untilAccounted(runtime, connection, aside, watch, signal)
      noteReturned(flush, watch)
      if (unheard > 0) return namesLost
      const lost = await beginGuard(runtime, flush, connection, runId, signal)
      if (lost) return lost
      flush.set('Deleted', 'True', 'SetAside', 'Every session was put aside at once, and deleted', runtime.clock.now())
      flush.progress('Guarding', 20)
      return proceed
    }),
  )

/** How many names nobody heard: of sessions that ended by themselves while nobody listened. */
const untilAccounted = async (
  runtime: FlushRuntime,
  connection: RedisConnection,
  aside: Aside,
  watch: ReturnedWatch,
  signal: AbortSignal,
): Promise<number> => {
  const untilMs = runtime.clock.monotonicMs() + eventsMs
  for (;;) {
    await watch.settle()
    const unheard = await unaccounted(connection, aside, { signal })
    if (unheard <= 0 || runtime.clock.monotonicMs() >= untilMs) return unheard
    await runtime.clock.sleep(pollMs, signal)
  }
}
