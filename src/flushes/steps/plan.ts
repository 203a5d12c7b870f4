import { createHash } from 'node:crypto'
import { canonicalize } from '../../audit/canonical.ts'
import { countPrefix } from '../../redis/delete-prefix.ts'
import { storeUid } from '../../stores/names.ts'
import { proceed, type Flush, type StepResult } from '../flush.ts'
import { costsOf, guaranteeOf } from '../guarantee.ts'
import { onNode, type FlushPrimary } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'

/** Keys that `FLUSHDB ASYNC` or our own unlinking frees in a second, at the least (140 k/s by redis-cli, measured). */
const keysPerSecond = 100_000

/** Counts what is in scope and says what it will cost, before anything changes. */
export const plan = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async (node) => {
    const now = runtime.clock.now()
    const exact = isConfined(flush)
    const matched = exact
      ? node.info.keyspace.keys
      : await countPrefix(node.connection, flush.store.spec.sessions.keyPrefix, { signal })
    flush.status.plan = {
      digest: digest(flush, node),
      matched,
      percent: matched === 0 ? 0 : 100,
      method: exact ? 'FlushDatabase' : 'ScanAndUnlink',
      estimatedSeconds: Math.ceil(flush.drainMs / 1000 + matched / keysPerSecond),
      costs: [...costsOf(flush.object, flush.store, matched)],
    }
    flush.status.guarantee = guaranteeOf(flush.object, flush.store)
    flush.set('Planned', 'True', 'Counted', `${matched} sessions in scope`, now)
    return proceed
  })

/** FLUSHDB deletes everything, so it is exact only where nobody could ever write outside of the prefix. */
export const isConfined = (flush: Flush): boolean => flush.store.status?.confined?.value === true

/** Binds a plan to what it was made of: the request, the store, how often it was flushed, and the processes that hold the data. */
const digest = (flush: Flush, node: FlushPrimary): string => {
  const { abort: _abort, ...spec } = flush.object.spec
  const parts = {
    spec,
    storeUid: storeUid(flush.store),
    flushEpoch: flush.store.status?.flushEpoch ?? 0,
    runIds: [node.info.runId, ...node.replicas.map(({ info }) => info.runId).toSorted()],
  }
  return createHash('sha256').update(canonicalize(parts)).digest('hex')
}
