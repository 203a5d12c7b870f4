import { parseFields } from '../../redis/info.ts'
import type { Command, RedisConnection } from '../../redis/connection.ts'
import { isGuarded, proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { forget } from '../forget.ts'
import { hasDeletion, onNode, type FlushNode } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'
import { backToFence, brokenFence } from './back-to-fence.ts'
import { backToDeletion, brokenGuard } from './delete.ts'

/** How often a rewrite is asked whether it is done, in ms: of an empty database it takes a few. */
const pollMs = 50
/** How soon a rewrite that failed, or one that was under way, is followed by another, in ms. */
const retryMs = 1_000
/** How long one pass waits for it, in ms, with the store's lock; the next pass goes on. */
const patienceMs = 1_000

/**
 * Makes Redis write its files anew: the old ones hold the deleted sessions, payload and all. In the time of a drain, which has to pass
 * anyway, or in which applications begin anew.
 */
export const scrub = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async (node) => {
    if (isGuarded(flush.object)) {
      // Another process may have read a file of before.
      const broken = brokenGuard(flush, node)
      if (broken !== undefined) return backToDeletion(runtime, flush, broken)
      // It is verified: what was remembered has done its service, and must not stay in a file.
      await forget(flush, node.connection, signal)
    } else {
      const broken = await brokenFence(runtime, flush, node, signal)
      if (broken !== undefined) return backToFence(runtime, flush, broken)
    }
    const withFile = [...node.replicas, node].filter((each) => filesOf(flush, each).length > 0)
    const now = () => runtime.clock.now()
    if (withFile.length === 0) {
      flush.set('Scrubbed', 'True', 'NoFile', 'Redis keeps nothing on disk', now())
      return proceed
    }
    for (const each of withFile) {
      // A replica writes its files anew from what it holds: when it has not come so far, it does so when it acknowledges.
      if (each !== node && !(await hasDeletion(flush, each, signal))) continue
      if (await scrubNode(runtime, flush, each, signal)) continue
      flush.progress('WaitingForRewrite', flush.status.progress?.percent ?? 20)
      return wait(retryMs)
    }
    flush.set('Scrubbed', 'True', 'Rewritten', 'What is on disk was written anew without the deleted sessions', now())
    return proceed
  })

type File = 'AppendOnly' | 'Snapshot'

/** What a node's disk may hold, of now or of before. */
const filesOf = ({ store }: Flush, { uid, info }: FlushNode): readonly File[] => {
  // On a claim the mode never changes, so there what outlasts the pod is the mode's.
  const known = store.status?.nodes?.find((entry) => entry.pod === uid)
  const append = info.appendOnly || known?.appendOnlyFile === true
  const snapshot = store.spec.persistence.mode === 'Snapshot' || known?.snapshotFile === true
  return [...(append ? (['AppendOnly'] as const) : []), ...(snapshot ? (['Snapshot'] as const) : [])]
}

interface RewriteState {
  readonly busy: boolean
  /** How many have begun since the process started. */
  readonly count: number
  readonly succeeded: boolean
  /** When the last one came to its end, in s of the server; of snapshots alone. */
  readonly writtenAt?: number
  /** An append-only file is being written at all. */
  readonly on?: boolean
}

/** One that was broken off counts, and seems to have succeeded (`rdb_saves`, `aof_rewrites`; Redis 7.0.15, measured). */
const isWritten = (asked: Asked, { busy, count, succeeded, writtenAt, on }: RewriteState): boolean =>
  !busy &&
  count > asked.count &&
  succeeded &&
  on !== false &&
  (writtenAt ?? Number.POSITIVE_INFINITY) >= (asked.at ?? 0)

/** True when a node's files have been written anew since the deletion. A large one takes longer than a pass: status says which one is waited for. */
export const scrubNode = async (
  runtime: FlushRuntime,
  flush: Flush,
  node: FlushNode,
  signal: AbortSignal,
): Promise<boolean> => {
  for (const file of filesOf(flush, node)) if (!(await rewrite(runtime, flush, node, file, signal))) return false
  return true
}

const rewrite = async (
  runtime: FlushRuntime,
  flush: Flush,
  { name, connection, info }: FlushNode,
  file: File,
  signal: AbortSignal,
): Promise<boolean> => {
  const isThis = (each: Asked) => each.name === name && (each.file ?? 'AppendOnly') === file
  const others = (flush.status.rewrites ?? []).filter((each) => !isThis(each))
  let asked = flush.status.rewrites?.find((each) => isThis(each) && each.runId === info.runId)
  const before = await stateOf(connection, file, signal)
  if (asked && isWritten(asked, before)) return await done(connection, asked, signal)
  // One that is under way and was not asked for may have begun before the deletion: it is waited for, and another one made.
  if (before.busy && !asked) return false
  if (!before.busy) {
    asked = {
      name,
      file,
      runId: info.runId,
      count: before.count,
      at: Number(((await connection.call(['TIME'], { signal })) as readonly unknown[])[0]),
      off: asked?.off ?? (file === 'AppendOnly' && !info.appendOnly),
    }
    await connection.call(command(asked), { signal })
    flush.status.rewrites = [...others, asked]
  }
  const untilMs = runtime.clock.monotonicMs() + patienceMs
  do {
    const now = await stateOf(connection, file, signal)
    if (asked && isWritten(asked, now)) return await done(connection, asked, signal)
    if (!now.busy && asked && now.count > asked.count) return false
    await runtime.clock.sleep(pollMs, signal)
  } while (runtime.clock.monotonicMs() < untilMs)
  return false
}

type Asked = NonNullable<Flush['status']['rewrites']>[number]

/** A file of the time before persistence was switched off is replaced by switching it on and off: `appendonly yes` writes it anew. */
const command = ({ file, off }: Asked): Command => {
  if (file === 'Snapshot') return ['BGSAVE', 'SCHEDULE']
  return off ? ['CONFIG', 'SET', 'appendonly', 'yes'] : ['BGREWRITEAOF']
}

const done = async (connection: RedisConnection, { off }: Asked, signal: AbortSignal): Promise<true> => {
  if (off) await connection.call(['CONFIG', 'SET', 'appendonly', 'no'], { signal })
  return true
}

const stateOf = async (connection: RedisConnection, file: File, signal: AbortSignal): Promise<RewriteState> => {
  const fields = parseFields(await connection.call(['INFO', 'persistence'], { signal }))
  const is = (name: string) => fields.get(name) === '1'
  if (file === 'Snapshot')
    return {
      busy: is('rdb_bgsave_in_progress') || is('rdb_bgsave_scheduled'),
      count: Number(fields.get('rdb_saves') ?? 0),
      succeeded: fields.get('rdb_last_bgsave_status') === 'ok',
      writtenAt: Number(fields.get('rdb_last_save_time') ?? 0),
    }
  return {
    busy: is('aof_rewrite_in_progress') || is('aof_rewrite_scheduled'),
    count: Number(fields.get('aof_rewrites') ?? 0),
    succeeded: fields.get('aof_last_bgrewrite_status') === 'ok',
    on: is('aof_enabled'),
  }
}
