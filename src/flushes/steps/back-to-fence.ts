import { ensureAccess } from '../../stores/access.ts'
import { findWriter } from '../../stores/live-acl.ts'
import { isReplicated } from '../../stores/topology/replicas.ts'
import { wait, type Flush, type StepResult } from '../flush.ts'
import type { FlushPrimary } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'

/**
 * Why the fence that was acknowledged does not stand any more, or undefined while it does: looked for in what the Secret and the server say now,
 * whoever changed them.
 */
export const brokenFence = async (
  runtime: FlushRuntime,
  flush: Flush,
  { connection, info, replicas }: FlushPrimary,
  signal: AbortSignal,
): Promise<string | undefined> => {
  if (info.runId !== flush.status.fence?.runId)
    return isReplicated(flush.store) ? 'Another process is the primary' : 'Redis restarted during the flush'
  const fenced = new Map(flush.status.nodes?.map((entry) => [entry.name, entry.runId]))
  const restarted = replicas.find((node) => fenced.has(node.name) && fenced.get(node.name) !== node.info.runId)
  if (restarted) return `Replica ${restarted.name} restarted`
  const access = await ensureAccess(runtime, flush.store, flush.engine, { signal })
  if (access.fencedBy !== flush.uid) return 'The Secret with the ACL lost the fence'
  for (const node of [{ name: 'the primary', connection }, ...replicas]) {
    const writer = await findWriter(node.connection, flush.store.spec.sessions.keyPrefix, { signal })
    if (writer !== undefined) return `User ${writer} could write on ${node.name}`
  }
  return undefined
}

/** Whatever runs now must acknowledge the fence anew, delete anew, and be given a full drain. */
export const backToFence = (runtime: FlushRuntime, flush: Flush, why: string): StepResult => {
  const now = runtime.clock.now()
  const message = `${why}: fencing and deleting again, with a full drain`
  for (const type of ['Fenced', 'Deleted', 'Scrubbed', 'Drained'] as const)
    flush.set(type, 'False', 'FenceBroken', message, now)
  delete flush.status.rewrites
  flush.progress('Fencing', 10)
  return wait(0)
}
