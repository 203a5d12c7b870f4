import type { Clock } from '../../kubernetes/clock.ts'

/** Remembers since when nodes do not answer, and since when replicas are cut from a silent primary, by this process' clock. */
export class Silences {
  readonly #clock: Clock
  readonly #silent = new Map<string, number>()
  readonly #isolated = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How long the node of that pod has been silent, in ms. */
  note(podUid: string, silent: boolean): number {
    if (!silent) {
      this.#silent.delete(podUid)
      return 0
    }
    const now = this.#clock.monotonicMs()
    const since = this.#silent.get(podUid) ?? now
    this.#silent.set(podUid, since)
    return now - since
  }

  /** How long ago {@link isolate} was last called for this process of a primary; undefined: never. */
  isolatedMs(runId: string): number | undefined {
    const since = this.#isolated.get(runId)
    return since === undefined ? undefined : this.#clock.monotonicMs() - since
  }

  /** Every replica that answers is cut from this process, the last one just now. */
  isolate(runId: string): void {
    this.#isolated.set(runId, this.#clock.monotonicMs())
  }

  /** It answers again, or is followed by another. */
  release(runId: string): void {
    this.#isolated.delete(runId)
  }

  forget(podUid: string): void {
    this.#silent.delete(podUid)
  }
}
