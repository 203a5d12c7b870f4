import type { Clock } from '../../src/kubernetes/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Lets everything that is ready to run do so, promise chains of any usual length included. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
}

/** Time that moves only when a test says so. */
export class FakeClock implements Clock {
  #nowMs = 0
  #order = 0
  readonly #timers = new Set<Timer>()
  readonly #epochMs: number

  constructor(epoch: Date = new Date('2026-01-01T00:00:00Z')) {
    this.#epochMs = epoch.getTime()
  }

  readonly monotonicMs = (): number => this.#nowMs
  readonly now = (): Date => new Date(this.#epochMs + this.#nowMs)

  readonly after = (ms: number, run: () => void): (() => void) => {
    // Node would run it at once
    if (ms > 2 ** 31 - 1) throw new RangeError(`a timer of ${ms} ms does not fit in 31 bits`)
    const timer: Timer = { at: this.#nowMs + Math.max(0, ms), order: (this.#order += 1), run }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise<void>((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error)
        return
      }
      const abort = () => {
        cancel()
        reject(signal?.reason as Error)
      }
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      })
      signal?.addEventListener('abort', abort, { once: true })
    })

  /** How many timers wait: a test that ends with some has leaked them. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves time by `ms`, runs what falls due in its order, and lets each run its course before the next. */
  async advance(ms: number): Promise<void> {
    const target = this.#nowMs + ms
    await settle()
    for (let timer = this.#due(target); timer; timer = this.#due(target)) {
      this.#nowMs = Math.max(this.#nowMs, timer.at)
      this.#timers.delete(timer)
      timer.run()
      await settle()
    }
    this.#nowMs = target
  }

  /** Moves time at once and runs nothing, as for a process that was stopped: its timers fire only after it woke. */
  jump(ms: number): void {
    this.#nowMs += ms
  }

  #due(target: number): Timer | undefined {
    return [...this.#timers]
      .filter((timer) => timer.at <= target)
      .sort((left, right) => left.at - right.at || left.order - right.order)[0]
  }
}
