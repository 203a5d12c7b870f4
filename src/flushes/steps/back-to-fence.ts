import { wait, type Flush, type StepResult } from '../flush.ts'
import type { FlushRuntime } from '../runtime.ts'

/** The process that acknowledged the fence is gone: whatever runs now must acknowledge it anew, delete anew, and be given a full drain. */
export const backToFence = (runtime: FlushRuntime, flush: Flush): StepResult => {
  const now = runtime.clock.now()
  const message = 'Redis restarted during the flush: fencing and deleting again, with a full drain'
  for (const type of ['Fenced', 'Deleted', 'Scrubbed', 'Drained'] as const)
    flush.set(type, 'False', 'ProcessRestarted', message, now)
  flush.progress('Fencing', 10)
  return wait(0)
}
