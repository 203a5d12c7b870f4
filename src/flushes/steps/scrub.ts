import { parseFields } from '../../redis/info.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import { forgetRemembered } from '../../redis/remembered-keys.ts'
import { isGuarded, proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { guardKey } from '../guard-key.ts'
import { onNode, type FlushNode } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'
import { backToFence, brokenFence } from './back-to-fence.ts'

/** How often a rewrite is asked whether it is done, in ms: of an empty database it takes a few. */
const pollMs = 50
/** How soon a rewrite that failed, or one that was under way, is followed by another, in ms. */
const retryMs = 1_000
/** How long one pass waits for it, in ms; the next pass goes on. */
const patienceMs = 5_000

/**
 * Makes Redis write its append-only file anew: the old one holds the deleted sessions, payload and all. In the time of the drain, which has to pass
 * anyway, and while nothing new is written.
 */
export const scrub = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async (node) => {
    if (isGuarded(flush.object)) {
      // It is verified: what was remembered has done its service, and must not stay in a file.
      await forgetRemembered(node.connection, guardKey(flush), { signal })
    } else {
      const broken = await brokenFence(runtime, flush, node, signal)
      if (broken !== undefined) return backToFence(runtime, flush, broken)
    }
    const withFile = [...node.replicas, node].filter((each) => hasFile(flush, each))
    if (withFile.length === 0) {
      flush.set('Scrubbed', 'True', 'NoFile', 'Redis keeps nothing on disk', runtime.clock.now())
      return proceed
    }
    for (const each of withFile) {
      // A replica writes its file anew from what it holds: when it has not come so far, it does so when it acknowledges.
      if (await scrubNode(runtime, each, signal)) continue
      flush.progress('WaitingForRewrite', 20)
      return wait(retryMs)
    }
    flush.set(
      'Scrubbed',
      'True',
      'Rewritten',
      'The append-only file was written anew without the deleted sessions',
      runtime.clock.now(),
    )
    return proceed
  })

/** True when a node's disk may hold an append-only file, of now or of before. */
export const hasFile = (flush: Flush, { uid, info }: FlushNode): boolean =>
  info.appendOnly ||
  (flush.store.status?.nodes?.some((entry) => entry.pod === uid && entry.appendOnlyFile === true) ?? false)

/** True when a node's file has been written anew since this call. */
export const scrubNode = async (
  runtime: FlushRuntime,
  { connection, info }: FlushNode,
  signal: AbortSignal,
): Promise<boolean> => await rewrite(runtime, connection, !info.appendOnly, signal)

/** True when a rewrite that began after this call has ended well. */
const rewrite = async (
  runtime: FlushRuntime,
  connection: RedisConnection,
  isOff: boolean,
  signal: AbortSignal,
): Promise<boolean> => {
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
  // A file of the time before persistence was switched off is replaced by switching it on and off: `appendonly yes` writes it anew.
  await connection.call(isOff ? ['CONFIG', 'SET', 'appendonly', 'yes'] : ['BGREWRITEAOF'], { signal })
  const untilMs = runtime.clock.monotonicMs() + patienceMs
  while (runtime.clock.monotonicMs() < untilMs) {
    const now = await state()
    if (!now.busy && now.count > before.count) {
      if (isOff) await connection.call(['CONFIG', 'SET', 'appendonly', 'no'], { signal })
      return now.succeeded
    }
    await runtime.clock.sleep(pollMs, signal)
  }
  return false
}
