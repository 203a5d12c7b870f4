import type { RedisConnection } from '../../redis/connection.ts'
import { countAside } from '../../redis/aside.ts'
import { visitRemembered } from '../../redis/remembered-keys.ts'
import { isDurable } from '../durable.ts'
import { fail, isGuarded, proceed, setsAside, wait, type Flush, type StepResult } from '../flush.ts'
import { guardKey } from '../guard-key.ts'
import { parseInfo, type Replication } from '../../redis/info.ts'
import { markDeletion } from '../mark-deletion.ts'
import { beside, infoIn, onNode, type FlushPrimary } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'
import { isFail, resolveScope } from '../scope/scope.ts'
import { backToFence, brokenFence } from './back-to-fence.ts'
import { backToDeletion, brokenGuard } from './delete.ts'
import { excessOf, flushesDatabase } from './plan.ts'

/** How long replicas are waited for that have not come as far as their primary, in ms; and then until the next pass. */
const behindMs = 1_000
const pollMs = 20

/** How what is left in scope is removed, and counted. */
interface Search {
  /** Removes it once more; returns how much there was, or why the flush cannot succeed. */
  readonly remove: (connection: RedisConnection) => Promise<number | StepResult>
  readonly count: (connection: RedisConnection) => Promise<number>
  /** Why it must be done again from further back, or undefined. */
  readonly broken: (node: FlushPrimary) => Promise<StepResult | undefined>
  readonly leftBehind: string
}

/** A second pass, then an independent count: Completed is true only when nothing is left on the process that deleted. */
export const verify = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> => {
  const search = isGuarded(flush.object) ? remembered(runtime, flush, signal) : await fenced(runtime, flush, signal)
  if ('next' in search) return search
  return await onNode(runtime, flush, signal, async (node) => {
    const broken = await search.broken(node)
    if (broken) return broken
    return await beside(runtime, flush, node, signal, async (connection) => {
      const removed = await search.remove(connection)
      if (typeof removed !== 'number') return removed
      flush.status.resurrections = { removed: (flush.status.resurrections?.removed ?? 0) + removed }
      // What the guard deleted before this was not waited for.
      const mayBeLost = removed > 0 || isGuarded(flush.object)
      if (isGuarded(flush.object)) await markDeletion(runtime, flush, { connection }, signal)
      if (mayBeLost && node.info.appendOnly && !(await isDurable(connection, signal))) return wait(500)
      const { remaining, runId } = await countIn(connection, search, signal)
      const since = await search.broken({ ...node, info: { ...node.info, runId } })
      if (since) return since
      const copies = await countReplicas(runtime, node, search, signal)
      if (copies === 'behind') return wait(behindMs)
      flush.status.nodes = (flush.status.nodes ?? []).map((entry) => {
        if (entry.name === node.name) return { ...entry, remaining }
        const copy = copies.get(entry.name)
        return copy === undefined ? entry : { ...entry, remaining: copy, acknowledged: copy === 0 }
      })
      if (remaining > 0)
        return fail('NotEmpty', `${remaining} sessions were there after the second pass: ${search.leftBehind}`)
      const unread = isGuarded(flush.object) ? excessOf(flush, 0, flush.status.plan?.undecodable ?? 0) : undefined
      if (unread) return unread
      flush.set('Verified', 'True', 'Empty', 'An independent count found no session in scope', runtime.clock.now())
      flush.progress(isGuarded(flush.object) ? 'Finishing' : 'Unfencing', 95)
      return proceed
    })
  })
}

/** While nobody can write, nothing in scope may be there. */
const fenced = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<Search | StepResult> => {
  const scope = await resolveScope(runtime, flush, signal)
  if (isFail(scope)) return scope
  const { selection } = scope
  const { keysPerSecond } = flush.object.spec.limits
  return {
    remove: async (connection) => {
      const { matched, undecodable } = await selection.visit(connection, 'delete', { signal, keysPerSecond })
      return excessOf(flush, 0, undecodable) ?? matched
    },
    count: async (connection) => {
      if (flushesDatabase(flush)) return Number(await connection.call(['DBSIZE'], { signal }))
      return (await selection.visit(connection, 'count', { signal, keysPerSecond })).matched
    },
    broken: async (node) => {
      const broken = await brokenFence(runtime, flush, node, signal)
      return broken === undefined ? undefined : backToFence(runtime, flush, broken)
    },
    leftBehind: 'although writes are refused something writes, with rights of its own',
  }
}

/** Who is in scope may have logged in since: what counts is that no session of before is there. */
const remembered = (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Search => ({
  remove: async (connection) => {
    const { names, back } = await visitRemembered(connection, guardKey(flush), 'delete', { signal })
    if (names >= (flush.status.guard?.names ?? 0)) return back
    return backToDeletion(runtime, flush, 'Redis has lost names that it was to remember')
  },
  count: async (connection) => {
    const { back } = await visitRemembered(connection, guardKey(flush), 'count', { signal })
    return setsAside(flush.object) ? back + (await countAside(connection, { signal })) : back
  },
  broken: async (node) => {
    const broken = brokenGuard(flush, node)
    return broken === undefined ? undefined : backToDeletion(runtime, flush, broken)
  },
  leftBehind: `a request took longer than limits.drain (${flush.object.spec.limits.drain}), or something makes sessions of the same names`,
})

/**
 * What is left on each replica that has come as far as its primary, by name; `behind` while one with a link has not. One without a link is away: it
 * acknowledges when it is back.
 */
const countReplicas = async (
  runtime: FlushRuntime,
  { info, connection, replicas }: FlushPrimary,
  { count }: Search,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number> | 'behind'> => {
  const left = new Map<string, number>()
  const follows = ({ linkUp, syncing, id }: Replication) => linkUp && !syncing && id === info.replication.id
  const { offset } = parseInfo(await connection.call(['INFO'], { signal })).replication
  const untilMs = runtime.clock.monotonicMs() + behindMs
  for (const replica of replicas) {
    const ask = async () => parseInfo(await replica.connection.call(['INFO'], { signal })).replication
    let replication = await ask()
    // Others go on writing: it has to come as far as the primary was, not as far as it is.
    while (follows(replication) && replication.offset < offset && runtime.clock.monotonicMs() < untilMs) {
      await runtime.clock.sleep(pollMs, signal)
      replication = await ask()
    }
    if (!follows(replication)) continue
    if (replication.offset < offset) return 'behind'
    left.set(replica.name, await count(replica.connection))
  }
  return left
}

/** Counts, and asks which process it is that counts: over one connection, so it is the same. */
const countIn = async (connection: RedisConnection, { count }: Search, signal: AbortSignal) => {
  const remaining = await count(connection)
  const { runId } = infoIn([await connection.call(['INFO'], { signal })], 0)
  return { remaining, runId }
}
