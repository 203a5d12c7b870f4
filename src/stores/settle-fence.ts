import type { ReadSessionStore } from '../api/resources.ts'
import { ensureAccess, readFence } from './access.ts'
import type { ResolvedEngine } from './engines.ts'
import { storeNamespace } from './names.ts'
import type { Observed } from './observe.ts'
import type { Report } from './report.ts'
import type { StoreRuntime } from './runtime.ts'

/**
 * Says that a flush holds writes back; lifts a fence whose flush is gone (its finalizer was removed by hand), since nobody else would. In a store
 * that is paused, or whose spec cannot be carried out, as well: writes must not stay refused for that.
 * Resolves with whether a fence is up.
 */
export const settleFence = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  engine: ResolvedEngine | undefined,
  { nodes }: Observed,
  report: Report,
  signal: AbortSignal,
): Promise<boolean> => {
  const holder = await readFence(runtime, store, signal)
  if (holder === undefined) return false
  if (!engine || (await runtime.isFlushUnderWay(storeNamespace(store), holder, signal))) {
    report.set('Degraded', 'True', 'Fenced', 'A FlushSessions holds writes back: nobody can log in until it ends')
    return true
  }
  const message = 'The FlushSessions that held writes back is gone without having lifted its fence: lifted now'
  runtime.events.record(store, { type: 'Warning', reason: 'OrphanFenceLifted', message })
  const { users } = await ensureAccess(runtime, store, engine, { release: holder, signal })
  const { keyPrefix } = store.spec.sessions
  for (const { uid, state } of nodes) {
    if (state.is === 'answering')
      await runtime.liveAcl.ensure(state.connection, uid, state.info.runId, users, keyPrefix, { signal })
  }
  return false
}
