import type { RedisConnection } from '../../redis/connection.ts'
import { visitRemembered } from '../../redis/remembered-keys.ts'
import { redisTimeMs } from '../fence.ts'
import { proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { guardKey } from '../guard-key.ts'
import { beside, onNode } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'
import { backToDeletion, brokenGuard } from './delete.ts'

/** How long one pass watches, in ms, before it looks at the flush and the store again. */
const watchMs = 1_000
/** The least rest between two looks, in ms: a session that comes back lives about as long. */
const restMs = 3
/** How often progress is written, in ms. */
const progressMs = 5_000

/**
 * For as long as a request may take, deletes again what was deleted whenever a request that was in flight brings it back. Both the clock of the Redis server and ours
 * must say that the time is over. Nobody is held up: who logs in gets a session of another name.
 */
export const guard = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async (node) => {
    const broken = brokenGuard(flush, node)
    if (broken !== undefined) return backToDeletion(runtime, flush, broken)
    return await beside(runtime, flush, node, signal, async (connection) => {
      const untilMs = runtime.clock.monotonicMs() + Math.min(watchMs, await leftMs(runtime, flush, connection, signal))
      do {
        const lost = await lookOnce(runtime, flush, connection, signal)
        if (lost) return backToDeletion(runtime, flush, 'Redis has lost names that it was to remember')
      } while (runtime.clock.monotonicMs() < untilMs)
      const left = await leftMs(runtime, flush, connection, signal)
      return afterWatching(runtime, flush, left, progressMs)
    })
  })

/** Where the flush is when somebody has watched for a while, with so much left, in ms. Progress is written in whole steps: each write wakes us by its own event, and must not find a new percentage to write. */
export const afterWatching = (runtime: FlushRuntime, flush: Flush, left: number, stepMs: number): StepResult => {
  if (left > 0) {
    const shownMs = Math.floor((flush.drainMs - left) / stepMs) * stepMs
    flush.progress('Guarding', 20 + Math.floor((70 * Math.max(0, shownMs)) / flush.drainMs))
    return wait(1)
  }
  const message = `What came back within ${flush.object.spec.limits.drain} was deleted again`
  flush.set('Guarded', 'True', 'Watched', message, runtime.clock.now())
  flush.progress('Verifying', 90)
  return proceed
}

/** True when fewer names are remembered than were. Rests as long as the look took, so that at most half of the server's time goes into it. */
const lookOnce = async (
  runtime: FlushRuntime,
  flush: Flush,
  connection: RedisConnection,
  signal: AbortSignal,
): Promise<boolean> => {
  const startedMs = runtime.clock.monotonicMs()
  const { names, back } = await visitRemembered(connection, guardKey(flush), 'delete', { signal })
  if (names < (flush.status.guard?.names ?? 0)) return true
  if (back > 0) flush.status.resurrections = { removed: (flush.status.resurrections?.removed ?? 0) + back }
  await runtime.clock.sleep(Math.max(restMs, runtime.clock.monotonicMs() - startedMs), signal)
  return false
}

/** How much of the time is left, in ms. */
export const leftMs = async (
  runtime: FlushRuntime,
  flush: Flush,
  connection: RedisConnection,
  signal: AbortSignal,
): Promise<number> => {
  const { startedAtMs = 0, startedAt = '' } = flush.status.guard ?? {}
  const byRedisMs = redisTimeMs(await connection.call(['TIME'], { signal })) - startedAtMs
  return flush.drainMs - Math.min(byRedisMs, runtime.clock.now().getTime() - Date.parse(startedAt))
}
