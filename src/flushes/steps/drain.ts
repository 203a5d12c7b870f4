import { redisTimeMs } from '../fence.ts'
import { proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { onNode } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'
import { backToFence, brokenFence } from './back-to-fence.ts'

/** How often progress is written while draining, in ms. */
const progressMs = 5_000

/**
 * Waits until every request that was under way when the fence went up has ended. Both the clock of the Redis server that carried out the deletion and
 * ours must say so: one that jumps ahead does not shorten it.
 */
export const drain = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async (node) => {
    const broken = await brokenFence(runtime, flush, node, signal)
    if (broken !== undefined) return backToFence(runtime, flush, broken)
    const { deletedAtMs = 0, deletedAt = '' } = flush.status.fence ?? {}
    const byRedisMs = redisTimeMs(await node.connection.call(['TIME'], { signal })) - deletedAtMs
    const elapsedMs = Math.min(byRedisMs, runtime.clock.now().getTime() - Date.parse(deletedAt))
    const leftMs = flush.drainMs - elapsedMs
    if (leftMs > 0) {
      // In whole steps: each write wakes us by its own event, and must not find a new percentage to write.
      const shownMs = Math.floor(Math.max(0, elapsedMs) / progressMs) * progressMs
      flush.progress('Draining', 20 + Math.floor((70 * shownMs) / flush.drainMs))
      return wait(Math.min(leftMs, shownMs + progressMs - elapsedMs))
    }
    flush.set(
      'Drained',
      'True',
      'Waited',
      `Writes were refused for ${flush.object.spec.limits.drain}`,
      runtime.clock.now(),
    )
    flush.progress('Verifying', 90)
    return proceed
  })
