import type { RedisConnection } from '../../redis/connection.ts'
import { parseInfo } from '../../redis/info.ts'
import { keepRemembered } from '../../redis/remembered-keys.ts'
import { visitKeys, type Act, type Visit } from '../../redis/visit-keys.ts'
import { isReplicated } from '../../stores/topology/replicas.ts'
import { isDurable } from '../durable.ts'
import { redisTimeMs } from '../fence.ts'
import { isGuarded, proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { everyGuard, guardKey } from '../guard-key.ts'
import { markDeletion } from '../mark-deletion.ts'
import { beside, onNode, type FlushPrimary } from '../node.ts'
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
      const act: Act = guarded ? { rememberIn: guardKey(flush) } : 'delete'
      if (guarded) await forgetOthers(flush, connection, signal)
      const visit = await visitUpTo(flush, scope, connection, act, signal)
      const excess = excessOf(flush, visit.matched, visit.undecodable)
      if (excess) return excess
      const { runId } = parseInfo(await connection.call(['INFO'], { signal }))
      recordNodes(flush, node, { runId, revoked: visit.matched })
      if (isReplicated(flush.store)) await markDeletion(runtime, flush, { ...node, connection }, signal)
      if (node.info.appendOnly && !(await isDurable(connection, signal))) return wait(500)
      if (guarded) await beginGuard(runtime, flush, connection, runId, signal)
      const now = runtime.clock.now()
      flush.set('Deleted', 'True', 'Unlinked', 'Every session in scope was deleted', now)
      flush.progress(guarded ? 'Guarding' : 'Draining', 20)
      return proceed
    })
  })
}

/** What a flush remembered that was taken away by force; only before this one remembers anything. */
const forgetOthers = async (flush: Flush, connection: RedisConnection, signal: AbortSignal): Promise<void> => {
  if (Number(await connection.call(['SCARD', guardKey(flush)], { signal })) > 0) return
  await visitKeys(connection, { by: 'glob', glob: everyGuard }, 'delete', { signal })
}

/** Stops as soon as more have gone than the flush may take. */
const visitUpTo = async (
  flush: Flush,
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
      signal: AbortSignal.any([signal, enough.signal]),
      onPage: (soFar) => {
        seen = soFar
        if (soFar.matched > most) enough.abort()
      },
    })
  } catch (error) {
    if (enough.signal.aborted && seen) return seen
    throw error
  }
}

/** From now on, by the server's clock as well, every key of those names goes again. */
const beginGuard = async (
  runtime: FlushRuntime,
  flush: Flush,
  connection: RedisConnection,
  runId: string,
  signal: AbortSignal,
): Promise<void> => {
  const names = await keepRemembered(connection, guardKey(flush), { signal })
  const startedAtMs = redisTimeMs(await connection.call(['TIME'], { signal }))
  flush.status.guard = { startedAt: runtime.clock.now().toISOString(), startedAtMs, runId, names }
}

/** The node that answers is another process than the one that remembers, or it remembers less: what is in scope is looked for anew, and guarded in full. */
export const backToDeletion = (runtime: FlushRuntime, flush: Flush, why: string): StepResult => {
  const message = `${why}: deleting again what is in scope, and guarding it in full`
  for (const type of ['Deleted', 'Guarded'] as const)
    flush.set(type, 'False', 'GuardBroken', message, runtime.clock.now())
  flush.progress('Deleting', 10)
  return wait(0)
}

/** Why what was remembered cannot be relied on, or undefined while it can. */
export const brokenGuard = (flush: Flush, { info }: Pick<FlushPrimary, 'info'>): string | undefined =>
  info.runId === flush.status.guard?.runId ? undefined : 'Another process is the primary, or Redis restarted'
