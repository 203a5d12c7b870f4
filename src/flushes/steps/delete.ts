import type { RedisConnection } from '../../redis/connection.ts'
import { everyGuard } from '../../redis/guard-names.ts'
import { parseInfo } from '../../redis/info.ts'
import { visitKeys, type Act, type Visit } from '../../redis/visit-keys.ts'
import { isDurable } from '../durable.ts'
import { redisTimeMs } from '../fence.ts'
import { fail, isGuarded, proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { guardKey } from '../guard-key.ts'
import { behindEarlier, markDeletion } from '../mark-deletion.ts'
import { answeringNode, beside, onNode, type FlushPrimary } from '../node.ts'
import { recordNodes } from '../record-nodes.ts'
import type { FlushRuntime } from '../runtime.ts'
import { isFail, resolveScope, type Scope } from '../scope/scope.ts'
import { backToFence, brokenFence } from './back-to-fence.ts'
import { excessOf } from './plan.ts'

/** Deletes what is in scope, one after the other; guarded, after its name is remembered. */
export const deleteStep = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> => {
  const scope = await resolveScope(runtime, flush, signal)
  if (isFail(scope)) return scope
  return await onNode(runtime, flush, signal, async (node) => {
    const guarded = isGuarded(flush.object)
    const broken = guarded ? undefined : await brokenFence(runtime, flush, node, signal)
    if (broken !== undefined) return backToFence(runtime, flush, broken)
    return await beside(runtime, flush, node, signal, async (connection) => {
      const behind = await behindEarlier(flush, connection, signal)
      if (behind) return behind
      const act: Act = guarded ? { rememberIn: guardKey(flush) } : 'delete'
      if (guarded) await forgetOthers(flush, connection, signal)
      const visit = await visitUpTo(flush, node, scope, connection, act, signal)
      const { runId } = parseInfo(await connection.call(['INFO'], { signal }))
      // It may have taken long: who has come to the store meanwhile has to acknowledge too.
      const now = (await answeringNode(runtime, flush.store, signal)) ?? node
      const current = now.uid === node.uid ? now : node
      const names = guarded ? Number(await connection.call(['SCARD', guardKey(flush)], { signal })) : 0
      // Another process may have been killed in the middle: what it deleted is remembered. Of names that were given some were never there.
      const remembered = Math.min(names, flush.status.plan?.matched ?? 0)
      recordNodes(flush, current, { runId, revoked: Math.max(visit.matched, remembered) })
      noteUndecodable(flush, visit.undecodable)
      const excess = excessOf(flush, visit.matched, 0)
      if (excess) return excess
      await markDeletion(runtime, flush, { connection }, signal)
      if (node.info.appendOnly && !(await isDurable(connection, signal))) return wait(500)
      const lost = guarded ? await beginGuard(runtime, flush, connection, runId, signal) : undefined
      if (lost) return lost
      flush.set('Deleted', 'True', 'Unlinked', 'Every session in scope was deleted', runtime.clock.now())
      flush.progress(flush.afterDeletion, 20)
      return proceed
    })
  })
}

/** What a flush remembered that was taken away by force; only before this one remembers anything. */
const forgetOthers = async (flush: Flush, connection: RedisConnection, signal: AbortSignal): Promise<void> => {
  if (Number(await connection.call(['SCARD', guardKey(flush)], { signal })) > 0) return
  await visitKeys(connection, { by: 'glob', glob: everyGuard }, 'delete', { signal })
}

/** Once something is gone it is too late to touch nothing: the flush goes on, and fails at its end. */
const noteUndecodable = (flush: Flush, undecodable: number): void => {
  const { plan } = flush.status
  if (plan && undecodable > (plan.undecodable ?? 0)) flush.status.plan = { ...plan, undecodable }
}

/** Stops as soon as more have gone than the flush may take. What is gone when it breaks off is noted. */
const visitUpTo = async (
  flush: Flush,
  node: FlushPrimary,
  { selection }: Scope,
  connection: RedisConnection,
  act: Act,
  signal: AbortSignal,
): Promise<Visit> => {
  const most = flush.object.spec.limits.maxAffected ?? Number.POSITIVE_INFINITY
  let seen: Visit | undefined
  const enough = new AbortController()
  try {
    return await selection.visit(connection, act, {
      keysPerSecond: flush.object.spec.limits.keysPerSecond,
      replicas: node.info.replication.onlineReplicas.length,
      signal: AbortSignal.any([signal, enough.signal]),
      onPage: (soFar) => {
        seen = soFar
        if (soFar.matched > most) enough.abort()
      },
    })
  } catch (error) {
    if (!seen || seen.matched === 0) throw error
    if (enough.signal.aborted) return seen
    const { runId } = node.info
    recordNodes(flush, node, { runId, revoked: seen.matched })
    const names = Math.max(flush.status.guard?.names ?? 0, seen.matched)
    if (isGuarded(flush.object)) flush.status.guard = { ...flush.status.guard, runId, names }
    throw error
  }
}

/**
 * From now on, by the server's clock as well, every key of those names goes again. Names that were remembered before and are not any more cannot be had
 * again, since their sessions are gone (unless the flush was given the names): nobody would see them come back.
 */
export const beginGuard = async (
  runtime: FlushRuntime,
  flush: Flush,
  connection: RedisConnection,
  runId: string,
  signal: AbortSignal,
): Promise<StepResult | undefined> => {
  const names = Number(await connection.call(['SCARD', guardKey(flush)], { signal }))
  if (names < (flush.status.guard?.names ?? 0)) return namesLost
  const startedAtMs = redisTimeMs(await connection.call(['TIME'], { signal }))
  flush.status.guard = { startedAt: runtime.clock.now().toISOString(), startedAtMs, runId, names }
  return undefined
}

/** Some sessions could come back unseen. */
export const namesLost: StepResult = fail(
  'NamesLost',
  'Redis has lost names of sessions that were deleted, so nobody would see one that a request in flight brings back. Create the flush again with guarantee: Fenced',
)

/** The node that answers is another process than the one that remembers, or it remembers less: what is in scope is looked for anew, and guarded in full. */
export const backToDeletion = (runtime: FlushRuntime, flush: Flush, why: string): StepResult => {
  const message = `${why}: looking again for what is in scope, and guarding it in full`
  for (const type of ['Deleted', 'Guarded', 'Verified', 'Scrubbed'] as const)
    if (type === 'Deleted' || flush.is(type)) flush.set(type, 'False', 'GuardBroken', message, runtime.clock.now())
  delete flush.status.rewrites
  flush.progress('Deleting', 10)
  return wait(0)
}

/** Why what was remembered cannot be relied on, or undefined while it can. */
export const brokenGuard = (flush: Flush, { info }: Pick<FlushPrimary, 'info'>): string | undefined =>
  info.runId === flush.status.guard?.runId ? undefined : 'Another process is the primary, or Redis restarted'
