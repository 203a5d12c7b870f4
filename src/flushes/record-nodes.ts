import type { Flush } from './flush.ts'
import type { FlushPrimary } from './node.ts'

export interface Revoked {
  /** The process that did it. */
  readonly runId: string
  /** Sessions that were deleted there; undefined: none yet. */
  readonly revoked: number | undefined
}

/**
 * What went, for the record. When the process ended between the deletion and this line, the next one finds nothing left to count: then the
 * plan's count stands, taken a moment before. A deletion that breaks off is gone on with, so counts add up; what comes back and goes once more is not counted
 * twice. Replicas acknowledge later.
 */
export const recordNodes = (flush: Flush, primary: FlushPrimary, { runId, revoked }: Revoked): void => {
  const known = (name: string) => flush.status.nodes?.find((entry) => entry.name === name)
  const most = (name: string, count: number) => Math.max(known(name)?.revoked ?? 0, count)
  const planned = flush.status.plan?.matched ?? 0
  const before = known(primary.name)?.revoked ?? 0
  const sum = Math.min(before + (revoked ?? 0), Math.max(planned, before, revoked ?? 0))
  const done = revoked === 0 && before === 0 ? planned : sum
  const copies = (keys: number) => (flush.object.spec.scope.all ? keys : done)
  const others = [
    ...primary.replicas.map(({ name, info }) => ({ name, runId: info.runId, count: copies(info.keyspace.keys) })),
    ...primary.away.map(({ name }) => ({ name, runId: '', count: 0 })),
  ]
  const entry = (name: string, ofRunId: string, count: number, acknowledged: boolean) => ({
    name,
    runId: ofRunId,
    before: most(name, count),
    revoked: most(name, count),
    acknowledged,
  })
  flush.status.nodes = [
    entry(primary.name, runId, done, revoked !== undefined),
    ...others.map(({ name, runId: ofRunId, count }) => entry(name, ofRunId, count, false)),
  ]
}
