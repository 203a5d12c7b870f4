import type { FlushSessions } from '../api/resources.ts'
import type { Informer } from '../kubernetes/informer.ts'
import type { StoreRuntime } from '../stores/runtime.ts'

/** What every reconcile of a FlushSessions works with. */
export interface FlushRuntime extends StoreRuntime {
  readonly flushes: Informer<FlushSessions>
}
