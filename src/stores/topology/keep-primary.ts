import type { ReadSessionStore } from '../../api/resources.ts'
import type { ResolvedEngine } from '../engines.ts'
import type { Observed } from '../observe.ts'
import { wasReady } from '../readiness.ts'
import type { Report } from '../report.ts'
import type { StoreRuntime } from '../runtime.ts'
import { followPrimary } from './follow.ts'
import { recordChange } from './record-change.ts'
import { settlePrimary } from './settle.ts'

/** What a pass goes on with. */
export interface Kept {
  readonly store: ReadSessionStore
  readonly observed: Observed
  /** When to look again; undefined when nothing is under way. */
  readonly requeueAfterMs: number | undefined
}

/** How soon a store without a primary is looked at again, in ms. */
export const noPrimaryMs = 300

/** Sees to it that a Replicated store has a primary, that all others follow it, and that changes are told. */
export const keepPrimary = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  engine: ResolvedEngine,
  observed: Observed,
  report: Report,
  fenced: boolean,
  signal: AbortSignal,
): Promise<Kept> => {
  const settled = await settlePrimary(runtime, store, engine, observed.nodes, fenced, signal)
  const { primary } = settled
  if (!primary) {
    report.set('Ready', 'False', settled.reason, settled.message)
    if (settled.stopped || wasReady(store)) report.set('Degraded', 'True', settled.reason, settled.message)
    return {
      store: settled.store,
      observed: { ...observed, pod: undefined, node: undefined },
      requeueAfterMs: undefined,
    }
  }
  const { info } = primary.state
  runtime.offsets.set(info.runId, info.replication.offset, runtime.clock.monotonicMs())
  runtime.connections.watch(primary.uid)
  const followed = await followPrimary(runtime, settled.store, primary, observed.nodes, signal)
  if (followed.discardedBytes > 0) {
    const message = `A primary of before had accepted ${followed.discardedBytes} bytes of writes alone, after another one was promoted: they are dropped.`
    runtime.events.record(store, { type: 'Warning', reason: 'WritesDiscarded', message })
  }
  const recorded = await recordChange(runtime, followed.store, signal)
  const nodes = observed.nodes.map((node) => (node.uid === primary.uid ? primary : node))
  const { requeueAfterMs } = followed
  return { store: recorded, observed: { ...observed, nodes, pod: primary.pod, node: primary.state }, requeueAfterMs }
}
