import type { RedisConnection } from '../../redis/connection.ts'
import { countPrefix, deletePrefix } from '../../redis/delete-prefix.ts'
import { isDurable } from '../durable.ts'
import { fail, proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { parseInfo } from '../../redis/info.ts'
import { infoIn, onNode, type FlushPrimary } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'
import { backToFence, brokenFence } from './back-to-fence.ts'
import { isConfined } from './plan.ts'

/** How soon a replica that has not come as far as its primary is asked again, in ms. */
const behindMs = 100

/** A second pass, then an independent count: Completed is true only when nothing is left on the process that was fenced. */
export const verify = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async (node) => {
    const broken = await brokenFence(runtime, flush, node, signal)
    if (broken !== undefined) return backToFence(runtime, flush, broken)
    const keyPrefix = flush.store.spec.sessions.keyPrefix
    const removed = await deletePrefix(node.connection, keyPrefix, { signal })
    flush.status.resurrections = { removed: (flush.status.resurrections?.removed ?? 0) + removed }
    if (removed > 0 && node.info.appendOnly && !(await isDurable(node.connection, signal))) return wait(500)
    const { remaining, runId } = await count(node.connection, keyPrefix, isConfined(flush), signal)
    const since = await brokenFence(runtime, flush, { ...node, info: { ...node.info, runId } }, signal)
    if (since !== undefined) return backToFence(runtime, flush, since)
    const copies = await countReplicas(node, keyPrefix, isConfined(flush), signal)
    if (copies === 'behind') return wait(behindMs)
    flush.status.nodes = (flush.status.nodes ?? []).map((entry) => {
      if (entry.name === node.name) return { ...entry, remaining }
      const copy = copies.get(entry.name)
      return copy === undefined ? entry : { ...entry, remaining: copy, acknowledged: copy === 0 }
    })
    if (remaining > 0) {
      return fail(
        'NotEmpty',
        `${remaining} sessions were there after the second pass although writes are refused: something writes with rights of its own`,
      )
    }
    flush.set('Verified', 'True', 'Empty', 'An independent count found no session in scope', runtime.clock.now())
    flush.progress('Unfencing', 95)
    return proceed
  })

/**
 * What is left on each replica that has come as far as its primary, by name; `behind` while one with a link has not. One without a link is away: it
 * acknowledges when it is back.
 */
const countReplicas = async (
  { info, connection, replicas }: FlushPrimary,
  keyPrefix: string,
  confined: boolean,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number> | 'behind'> => {
  const left = new Map<string, number>()
  const { offset } = parseInfo(await connection.call(['INFO'], { signal })).replication
  for (const replica of replicas) {
    const { replication } = parseInfo(await replica.connection.call(['INFO'], { signal }))
    if (!replication.linkUp || replication.syncing || replication.id !== info.replication.id) continue
    if (replication.offset < offset) return 'behind'
    left.set(replica.name, (await count(replica.connection, keyPrefix, confined, signal)).remaining)
  }
  return left
}

/** Counts, and asks in the same transaction which process it is that counts. */
const count = async (connection: RedisConnection, keyPrefix: string, confined: boolean, signal: AbortSignal) => {
  const [keys, ...rest] = await connection.transaction([['DBSIZE'], ['INFO']], { signal })
  const { runId } = infoIn(rest, 0)
  const remaining = confined ? Number(keys) : await countPrefix(connection, keyPrefix, { signal })
  return { remaining, runId }
}
