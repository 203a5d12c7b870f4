import { sessionStores } from '../api/resources.ts'
import { nameOf } from '../kubernetes/objects.ts'
import { writeAuditHead } from '../stores/write-audit-head.ts'
import { writeStatusPart } from '../stores/write-status-part.ts'
import { isGuarded, proceed, type Ending, type Flush, type StepResult } from './flush.ts'
import { forget } from './forget.ts'
import { onNode } from './node.ts'
import type { FlushRuntime } from './runtime.ts'
import { append } from './steps/record.ts'
import { unfence } from './steps/unfence.ts'

/** Field manager of what flushes leave in a SessionStore's status. */
const storeStatusManager = 'session-store-operator-flush'

/** Lifts the fence or ends the guard, puts the result on record, and only then says so. Waits while Redis does not answer. */
export const conclude = async (
  runtime: FlushRuntime,
  flush: Flush,
  ending: Ending,
  signal: AbortSignal,
): Promise<StepResult> => {
  if (flush.is('Recorded')) {
    const released = await release(runtime, flush, signal)
    if (released.next !== 'continue') return released
    const { plan, nodes, fence, rotation, guard, resurrections, guarantee, startedAt } = flush.status
    const type = { Completed: 'FlushCompleted', Failed: 'FlushFailed', Aborted: 'FlushAborted' } as const
    const details = {
      outcome: ending,
      plan,
      nodes,
      fence,
      rotation,
      guard,
      resurrections,
      guarantee,
      startedAt,
      conditions: flush.status.conditions,
    }
    await append(runtime, flush, type[ending.phase], details, signal)
    await writeStore(runtime, flush, ending, signal)
  }
  const now = runtime.clock.now()
  flush.status.phase = ending.phase
  flush.status.finishedAt = now.toISOString()
  flush.progress(ending.reason, 100)
  runtime.events.record(flush.object, {
    type: ending.phase === 'Completed' ? 'Normal' : 'Warning',
    reason: ending.reason,
    message: ending.message,
  })
  return proceed
}

/** Whatever the flush held back is free, and what it remembered forgotten. */
const release = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> => {
  if (!isGuarded(flush.object)) return flush.is('Unfenced') ? proceed : await unfence(runtime, flush, signal)
  if (flush.is('Scrubbed')) return proceed
  return await onNode(runtime, flush, signal, async ({ connection }) => {
    await forget(flush, connection, signal)
    return proceed
  })
}

/** Counts the flush, once: that it was counted is in the same status, so a process that comes after a crash sees it. */
const writeStore = async (runtime: FlushRuntime, flush: Flush, ending: Ending, signal: AbortSignal): Promise<void> => {
  // Another flush of the store may have ended since this pass began.
  const name = nameOf(flush.store)
  const {
    flushEpoch: epoch = 0,
    lastFlush,
    everybodyFlushedAt,
  } = (await runtime.client.get(sessionStores, name, { signal })).status ?? {}
  if (lastFlush !== flush.uid) {
    const completed = ending.phase === 'Completed'
    const now = runtime.clock.now().toISOString()
    const at = completed && flush.object.spec.scope.all ? now : everybodyFlushedAt
    const status = {
      flushEpoch: completed ? epoch + 1 : epoch,
      lastFlush: flush.uid,
      ...(at === undefined ? {} : { everybodyFlushedAt: at }),
    }
    await writeStatusPart(runtime.client, flush.store, status, storeStatusManager, signal)
  }
  if (flush.head) await writeAuditHead(runtime.client, flush.store, flush.head, signal)
}
