import { writeRevocation } from '../write-revocation.ts'
import { isBehindRevocation } from '../../stores/topology/revocation.ts'
import { proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { onNode, type FlushNode, type FlushPrimary } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'
import { hasFile, scrubNode } from './scrub.ts'

/** How soon a node that is away is looked for again, in ms. */
const awayMs = 2_000

/**
 * Waits until every node that may have held these sessions has the deletion, or is proven gone. The fence is down by then: a node that is away for long
 * must not keep people from logging in. It is emptied before it could be promoted (`status.revocation` of the store).
 */
export const replicate = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async (primary) => {
    const missing: string[] = []
    const nodes: NonNullable<typeof flush.status.nodes>[number][] = []
    for (const entry of flush.status.nodes ?? []) {
      const acknowledged = entry.acknowledged || (await hasDeletion(runtime, flush, primary, entry.name, signal))
      nodes.push({ ...entry, acknowledged })
      if (!acknowledged) missing.push(entry.name)
    }
    flush.status.nodes = nodes
    await acknowledge(runtime, flush, primary, missing, signal)
    const now = runtime.clock.now()
    if (missing.length > 0) {
      const message = `${missing.join(', ')} may hold ended sessions and cannot be reached. Everybody else has none, and people can log in. Bring it back, or say that it has ended: docs/runbook.md`
      flush.set('Replicated', 'False', 'NodeAway', message, now)
      flush.progress('WaitingForNodes', 97)
      return wait(awayMs)
    }
    flush.set('Replicated', 'True', 'Acknowledged', 'Every node has the deletion, or is proven gone', now)
    return proceed
  })

/** Keeps in the store's status who has not acknowledged, by pod. The mark of a later flush is that one's. */
const acknowledge = async (
  runtime: FlushRuntime,
  flush: Flush,
  { replicas, away }: FlushPrimary,
  missing: readonly string[],
  signal: AbortSignal,
): Promise<void> => {
  const { revocation } = flush.store.status ?? {}
  if (revocation?.flush !== flush.uid) return
  const stillMissing = new Set(
    [...replicas, ...away].filter(({ name }) => missing.includes(name)).map(({ uid }) => uid),
  )
  const unacknowledged = (revocation.unacknowledged ?? []).filter((uid) => stillMissing.has(uid))
  await writeRevocation(runtime, flush, { ...revocation, unacknowledged }, signal)
}

const hasDeletion = async (
  runtime: FlushRuntime,
  flush: Flush,
  primary: FlushPrimary,
  name: string,
  signal: AbortSignal,
): Promise<boolean> => {
  if (primary.away.some((node) => node.name === name)) return false
  const node: FlushNode | undefined = [primary, ...primary.replicas].find((each) => each.name === name)
  // Neither there nor away: its process is proven gone, and its disk with it.
  if (!node) return true
  const { replication, role } = node.info
  const follows = role === 'primary' || (replication.linkUp && !replication.syncing)
  if (!follows || isBehindRevocation(flush.store, replication, node.uid)) return false
  return !hasFile(flush, node) || (await scrubNode(runtime, flush, node, signal))
}
