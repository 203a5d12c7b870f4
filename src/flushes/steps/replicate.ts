import type { AclUser } from '../../redis/acl.ts'
import { ensureAccess } from '../../stores/access.ts'
import { claimName, hasClaims } from '../../stores/plan/claim.ts'
import { ordinalOf } from '../../stores/observe.ts'
import { isGuarded, proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { hasDeletion, onNode, type FlushNode, type FlushPrimary } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'
import { scrubNode } from './scrub.ts'

/** A process can be said to have ended; a volume stays, and what is on it. */
const remedyFor = ({ store }: Flush, missing: readonly string[]): string => {
  if (!hasClaims(store)) return 'Bring it back, or say that it has ended: docs/runbook.md'
  const claims = missing.map((name) => claimName(store, ordinalOf(name))).join(' ')
  return `Bring it back, or give up what is on its volume: kubectl delete pvc -n ${store.metadata.namespace} ${claims}, and the pod`
}

/** How soon a node that is away is looked for again, in ms. */
const awayMs = 2_000

/**
 * Waits until every node that may have held these sessions has the deletion, or is proven gone. The fence is down by then: a node that is away for long
 * must not keep people from logging in. It is emptied before it could be promoted (`status.revocation` of the store).
 */
export const replicate = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async (primary) => {
    const missing: string[] = []
    // A guard has changed nobody's rights, so a Secret that cannot be had must not hold it up.
    const users = isGuarded(flush.object)
      ? undefined
      : (await ensureAccess(runtime, flush.store, flush.engine, { signal })).users
    const nodes: NonNullable<typeof flush.status.nodes>[number][] = []
    for (const entry of flush.status.nodes ?? []) {
      // One that has it in its memory may have a file of before.
      const acknowledged = await acknowledges(runtime, flush, primary, entry.name, users, signal)
      nodes.push({ ...entry, acknowledged })
      if (!acknowledged) missing.push(entry.name)
    }
    flush.status.nodes = nodes
    const now = runtime.clock.now()
    if (missing.length > 0) {
      const message = `${missing.join(', ')} may hold ended sessions and cannot be reached. Everybody else has none, and people can log in. ${remedyFor(flush, missing)}`
      flush.set('Replicated', 'False', 'NodeAway', message, now)
      flush.progress('WaitingForNodes', 97)
      return wait(awayMs)
    }
    flush.set('Replicated', 'True', 'Acknowledged', 'Every node has the deletion, or is proven gone', now)
    return proceed
  })

const acknowledges = async (
  runtime: FlushRuntime,
  flush: Flush,
  primary: FlushPrimary,
  name: string,
  users: readonly AclUser[] | undefined,
  signal: AbortSignal,
): Promise<boolean> => {
  if (primary.away.some((node) => node.name === name)) return false
  const node: FlushNode | undefined = [primary, ...primary.replicas].find((each) => each.name === name)
  // Neither there nor away: its process is proven gone, and its disk with it.
  if (!node) return true
  // It may have been away when rights were taken or given, or passwords replaced.
  const { keyPrefix } = flush.store.spec.sessions
  if (users) await runtime.liveAcl.ensure(node.connection, node.uid, node.info.runId, users, keyPrefix, { signal })
  return (await hasDeletion(flush, node, signal)) && (await scrubNode(runtime, flush, node, signal))
}
