import { parseFields } from '../../redis/info.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import { proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { onNode } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'
import { backToFence } from './back-to-fence.ts'

/** How often a rewrite is asked whether it is done, in ms: of an empty database it takes a few. */
const pollMs = 50
/** How long one pass waits for it, in ms; the next pass goes on. */
const patienceMs = 5_000

/**
 * Makes Redis write its append-only file anew: the old one holds the deleted sessions, payload and all. In the time of the drain, which has to pass
 * anyway, and while nothing new is written.
 */
export const scrub = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async ({ connection, info }) => {
    if (info.runId !== flush.status.fence?.runId) return backToFence(runtime, flush)
    if (!info.appendOnly) {
      flush.set('Scrubbed', 'True', 'NoFile', 'Redis keeps nothing on disk', runtime.clock.now())
      return proceed
    }
    if (!(await rewrite(runtime, connection, signal))) return wait(pollMs)
    flush.set(
      'Scrubbed',
      'True',
      'Rewritten',
      'The append-only file was written anew without the deleted sessions',
      runtime.clock.now(),
    )
    return proceed
  })

/** True when a rewrite that began after this call has ended well. */
const rewrite = async (runtime: FlushRuntime, connection: RedisConnection, signal: AbortSignal): Promise<boolean> => {
  const state = async () => {
    const fields = parseFields(await connection.call(['INFO', 'persistence'], { signal }))
    return {
      busy: fields.get('aof_rewrite_in_progress') === '1' || fields.get('aof_rewrite_scheduled') === '1',
      count: Number(fields.get('aof_rewrites') ?? 0),
      succeeded: fields.get('aof_last_bgrewrite_status') === 'ok',
    }
  }
  const before = await state()
  // One that is under way may have begun before the deletion: it is waited for, and another one made.
  if (before.busy) return false
  await connection.call(['BGREWRITEAOF'], { signal })
  const untilMs = runtime.clock.monotonicMs() + patienceMs
  while (runtime.clock.monotonicMs() < untilMs) {
    const now = await state()
    if (!now.busy && now.count > before.count) return now.succeeded
    await runtime.clock.sleep(pollMs, signal)
  }
  return false
}
