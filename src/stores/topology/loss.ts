import type { Replication } from '../../redis/info.ts'
import type { Basis } from './facts.ts'

/** How far a primary was when it was last asked. */
export interface KnownOffset {
  readonly offset: number
  /** By this process' monotonic clock, in ms. */
  readonly atMs: number
}

/** What is known of the time before a change. */
export interface Before {
  readonly known: KnownOffset | undefined
  /** How long the primary before was the primary, in ms. */
  readonly termMs: number
  /** How long it had been silent, in ms. */
  readonly silentMs: number
  /** By this process' monotonic clock, in ms. */
  readonly nowMs: number
}

/**
 * What a change of the primary may have cost. Replication is asynchronous: what the primary acknowledged and had not sent is gone. Nobody can
 * know how much that was; known is how far the primary was when it was last asked, and how long ago the replica had heard from it. What is not known is
 * told as the most that it can be.
 */
export const loss = (
  basis: Basis,
  candidate: Replication | undefined,
  { known, termMs, silentMs, nowMs }: Before,
): { readonly mayBeLostBytes: number; readonly mayBeLostSeconds: number } => {
  if (basis === 'First' || basis === 'Handover') return { mayBeLostBytes: 0, mayBeLostSeconds: 0 }
  // Everything since it became the primary: nobody has any of it. A file may be as old.
  if (basis !== 'Replica') return { mayBeLostBytes: 0, mayBeLostSeconds: Math.ceil(termMs / 1000) }
  const bytes = known ? Math.max(0, known.offset - (candidate?.offset ?? 0)) : 0
  const sinceKnownMs = known ? nowMs - known.atMs : termMs
  const heardMs = candidate?.lastIoSeconds === undefined ? sinceKnownMs : candidate.lastIoSeconds * 1000
  // Redis counts whole seconds. A link that we cut ourselves broke later than it was last heard on.
  return { mayBeLostBytes: bytes, mayBeLostSeconds: Math.ceil((heardMs + silentMs) / 1000) + 1 }
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
