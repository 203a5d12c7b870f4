import { parseFields } from '../../redis/info.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import { isGuarded, proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { forget } from '../forget.ts'
import { onNode, type FlushNode } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'
import { backToFence, brokenFence } from './back-to-fence.ts'

/** How often a rewrite is asked whether it is done, in ms: of an empty database it takes a few. */
const pollMs = 50
/** How soon a rewrite that failed, or one that was under way, is followed by another, in ms. */
const retryMs = 1_000
/** How long one pass waits for it, in ms, with the store's lock; the next pass goes on. */
const patienceMs = 1_000

/**
 * Makes Redis write its append-only file anew: the old one holds the deleted sessions, payload and all. In the time of the drain, which has to pass
 * anyway, and while nothing new is written.
 */
export const scrub = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async (node) => {
    if (isGuarded(flush.object)) {
      // It is verified: what was remembered has done its service, and must not stay in a file.
      await forget(flush, node.connection, signal)
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
      if (await scrubNode(runtime, flush, each, signal)) continue
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

interface RewriteState {
  readonly busy: boolean
  /** How many have begun since the process started. */
  readonly count: number
  readonly succeeded: boolean
}

/** True when a node's file has been written anew since the deletion. A large one takes longer than a pass: status says which one is waited for. */
export const scrubNode = async (
  runtime: FlushRuntime,
  flush: Flush,
  { name, connection, info }: FlushNode,
  signal: AbortSignal,
): Promise<boolean> => {
  const others = (flush.status.rewrites ?? []).filter((each) => each.name !== name)
  let asked = flush.status.rewrites?.find((each) => each.name === name && each.runId === info.runId)
  const before = await stateOf(connection, signal)
  // One that is under way and was not asked for may have begun before the deletion: it is waited for, and another one made.
  if (before.busy && !asked) return false
  if (!before.busy && !(asked && before.count > asked.count && before.succeeded)) {
    asked = { name, runId: info.runId, count: before.count, off: asked?.off ?? !info.appendOnly }
    // A file of the time before persistence was switched off is replaced by switching it on and off: `appendonly yes` writes it anew.
    await connection.call(asked.off ? ['CONFIG', 'SET', 'appendonly', 'yes'] : ['BGREWRITEAOF'], { signal })
    flush.status.rewrites = [...others, asked]
  }
  const untilMs = runtime.clock.monotonicMs() + patienceMs
  do {
    const now = await stateOf(connection, signal)
    if (!now.busy && asked && now.count > asked.count) {
      if (now.succeeded && asked.off) await connection.call(['CONFIG', 'SET', 'appendonly', 'no'], { signal })
      return now.succeeded
    }
    await runtime.clock.sleep(pollMs, signal)
  } while (runtime.clock.monotonicMs() < untilMs)
  return false
}

const stateOf = async (connection: RedisConnection, signal: AbortSignal): Promise<RewriteState> => {
  const fields = parseFields(await connection.call(['INFO', 'persistence'], { signal }))
  return {
    busy: fields.get('aof_rewrite_in_progress') === '1' || fields.get('aof_rewrite_scheduled') === '1',
    count: Number(fields.get('aof_rewrites') ?? 0),
    succeeded: fields.get('aof_last_bgrewrite_status') === 'ok',
  }
}
