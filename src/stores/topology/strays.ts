import type { Clock } from '../../kubernetes/clock.ts'

/**
 * How long after a node has become a replica its clients are closed once more, in ms. kube-proxy takes over one change of a Service a second, on each
 * Kubernetes node for itself: until then whoever connects anew may be led to the primary of before, and would stay there, refused with READONLY.
 */
const lateMs = [1_500, 5_000] as const

/** Remembers which nodes have just become replicas, and when those who were led there late are to be sent away. */
export class Strays {
  readonly #clock: Clock
  /** By the UID of the pod, ascending, by the monotonic clock. */
  readonly #due = new Map<string, readonly number[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** It has become a replica just now, and its clients were closed. */
  expect(podUid: string): void {
    const nowMs = this.#clock.monotonicMs()
    this.#due.set(
      podUid,
      lateMs.map((ms) => nowMs + ms),
    )
  }

  /** True when its clients are to be closed now, once for each time. */
  take(podUid: string): boolean {
    const due = this.#due.get(podUid) ?? []
    const left = due.filter((ms) => ms > this.#clock.monotonicMs())
    if (left.length > 0) this.#due.set(podUid, left)
    else this.#due.delete(podUid)
    return left.length < due.length
  }

  /** In how many ms the next of these nodes is due; undefined when none is. */
  nextMs(podUids: readonly string[]): number | undefined {
    const next = Math.min(...podUids.flatMap((uid) => this.#due.get(uid) ?? []))
    return Number.isFinite(next) ? Math.max(0, next - this.#clock.monotonicMs()) : undefined
  }

  forget(podUid: string): void {
    this.#due.delete(podUid)
  }
}
