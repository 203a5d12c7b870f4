import { writeStatusPart } from '../stores/write-status-part.ts'
import type { Ending, Flush } from './flush.ts'
import type { FlushRuntime } from './runtime.ts'
import { append } from './steps/record.ts'
import { unfence } from './steps/unfence.ts'

/** Field manager of what flushes leave in a SessionStore's status. */
const flushManager = 'session-store-operator-flush'

/** Lifts the fence, puts the result on record, and only then says so. */
export const conclude = async (
  runtime: FlushRuntime,
  flush: Flush,
  ending: Ending,
  signal: AbortSignal,
): Promise<void> => {
  if (flush.is('Recorded')) {
    if (!flush.is('Unfenced')) await unfence(runtime, flush, signal)
    const { plan, nodes, fence, resurrections, guarantee, startedAt } = flush.status
    const type = { Completed: 'FlushCompleted', Failed: 'FlushFailed', Aborted: 'FlushAborted' } as const
    const details = {
      outcome: ending,
      plan,
      nodes,
      fence,
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
  if (ending.phase !== 'Completed') flush.set('Verified', 'False', ending.reason, ending.message, now)
}

/** Counts the flush, once: the record that its end has is in the same status, so a process that comes after a crash sees it. */
const writeStore = async (runtime: FlushRuntime, flush: Flush, ending: Ending, signal: AbortSignal): Promise<void> => {
  if (flush.head && (flush.store.status?.audit?.sequence ?? 0) >= flush.head.sequence) return
  const epoch = flush.store.status?.flushEpoch ?? 0
  const status = {
    flushEpoch: ending.phase === 'Completed' ? epoch + 1 : epoch,
    ...(flush.head ? { audit: flush.head } : {}),
  }
  await writeStatusPart(runtime.client, flush.store, status, flushManager, signal)
}
