import type { Clock } from '../../kubernetes/clock.ts'

/** kube-proxy takes over what has changed of Services at most so often (`--iptables-min-sync-period`, `--nftables-min-sync-period`: 1 s), in ms, and a little for it to do so. */
const periodMs = 1_050
/** Whoever waits for rest has waited long enough after this time, in ms: a pod that is deleted has five seconds. */
const mostMs = 2_500

/**
 * Tells when kube-proxy rests: a change of an EndpointSlice that comes then is in force at once, one that comes soon after another waits for a second, and so
 * do those who are to be led to the new primary. Of stores only; what others change is not seen.
 */
export class ServiceRest {
  readonly #clock: Clock
  /** When the last round began, or the next one will: changes that come before it are in it. */
  #roundMs = -Infinity
  /** Since when somebody waits, by store. */
  readonly #since = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** An EndpointSlice has changed. */
  changed(): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs >= this.#roundMs + periodMs) this.#roundMs = nowMs
    else if (nowMs > this.#roundMs) this.#roundMs += periodMs
  }

  /** How long a store should put a change off, in ms; 0: now. Then it has waited enough, whoever else changes what. */
  remainingMs(storeUid: string): number {
    const nowMs = this.#clock.monotonicMs()
    const sinceMs = this.#since.get(storeUid) ?? nowMs
    this.#since.set(storeUid, sinceMs)
    const remainingMs = Math.min(this.#roundMs + periodMs, sinceMs + mostMs) - nowMs
    if (remainingMs > 0) return remainingMs
    this.#since.delete(storeUid)
    return 0
  }

  forget(storeUid: string): void {
    this.#since.delete(storeUid)
  }
}
