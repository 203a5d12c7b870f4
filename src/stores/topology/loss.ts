import type { Replication } from '../../redis/info.ts'
import type { Basis } from './facts.ts'

/** How far a primary was when it was last asked. */
export interface KnownOffset {
  readonly offset: number
  /** By this process' monotonic clock, in ms. */
  readonly atMs: number
}

/**
 * What a change of the primary may have cost. Replication is asynchronous: what the primary acknowledged and had not sent is gone. Nobody can
 * know how much that was; known is how far the primary was when it was last asked, and how long ago the replica had heard from it.
 */
export const loss = (
  basis: Basis,
  candidate: Replication | undefined,
  known: KnownOffset | undefined,
  nowMs: number,
): { readonly mayBeLostBytes: number; readonly mayBeLostSeconds: number } => {
  if (basis === 'First' || basis === 'Handover') return { mayBeLostBytes: 0, mayBeLostSeconds: 0 }
  const bytes = basis === 'Replica' && known ? Math.max(0, known.offset - (candidate?.offset ?? 0)) : 0
  const sinceKnown = known ? (nowMs - known.atMs) / 1000 : 0
  // A primary sends something every second: a replica that has heard within it misses at most what came since.
  const seconds = basis === 'Replica' ? (candidate?.lastIoSeconds ?? sinceKnown) + 1 : sinceKnown
  return { mayBeLostBytes: bytes, mayBeLostSeconds: Math.ceil(seconds) }
}

/** Remembers how far each primary was. */
export class KnownOffsets {
  readonly #byRunId = new Map<string, KnownOffset>()

  set(runId: string, offset: number, atMs: number): void {
    this.#byRunId.set(runId, { offset, atMs })
  }

  get(runId: string): KnownOffset | undefined {
    return this.#byRunId.get(runId)
  }

  forget(runId: string): void {
    this.#byRunId.delete(runId)
  }
}
