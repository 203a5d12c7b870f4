import type { Clock } from './clock.ts'

/** Each failure of a key doubles how long it waits, from `baseMs` up to `maxMs`. */
export class ExponentialBackoff {
  readonly #baseMs: number
  readonly #maxMs: number
  readonly #failures = new Map<string, number>()

  constructor(baseMs: number, maxMs: number) {
    this.#baseMs = baseMs
    this.#maxMs = maxMs
  }

  /** Counts a failure of `key` and says how long to wait now. */
  next(key: string): number {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    return Math.min(this.#maxMs, this.#baseMs * 2 ** Math.min(failures, 52))
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  forget(key: string): void {
    this.#failures.delete(key)
  }
}

/** A bucket of `burst` tokens that refills at `perSecond`; who finds it empty is told how long to wait, in turn. */
export class TokenBucket {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #atMs: number

  constructor(clock: Clock, options: { readonly perSecond: number; readonly burst: number }) {
    this.#clock = clock
    this.#perSecond = options.perSecond
    this.#burst = options.burst
    this.#tokens = options.burst
    this.#atMs = clock.monotonicMs()
  }

  /** Takes a token, from the future if need be; returns the ms until it is there. */
  reserve(): number {
    this.#refill()
    this.#tokens -= 1
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perSecond) * 1000
  }

  /** Takes a token only if one is there now. */
  tryTake(): boolean {
    this.#refill()
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  #refill(): void {
    const now = this.#clock.monotonicMs()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#atMs) / 1000) * this.#perSecond)
    this.#atMs = now
  }
}

/**
 * How long to wait before try number `attempt` (from 0): doubling from `baseMs` to `maxMs`, less a random part of up to
 * half, so that many clients that failed together do not come back together.
 */
export const jitteredBackoffMs = (
  attempt: number,
  options: { readonly baseMs: number; readonly maxMs: number; readonly random: () => number },
): number => {
  const full = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt, 30))
  return full * (1 - options.random() / 2)
}
