import type { Clock } from '../../kubernetes/clock.ts'

/** Between two sweeps of a store lies this many times what the last one took: of the server's time, sweeps take a fiftieth. */
const restPerSweep = 10

interface Sweep {
  readonly generation: number
  readonly notBeforeMs: number
}

/** Remembers when each store may be swept again. A changed spec is carried out at once. */
export class SweepTimes {
  readonly #clock: Clock
  readonly #byStore = new Map<string, Sweep>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isDue(storeUid: string, generation: number): boolean {
    const last = this.#byStore.get(storeUid)
    return last?.generation !== generation || this.#clock.monotonicMs() >= last.notBeforeMs
  }

  /** Does a sweep and takes its time. */
  async time<T>(storeUid: string, generation: number, sweep: () => Promise<T>): Promise<T> {
    const startedMs = this.#clock.monotonicMs()
    const result = await sweep()
    const endedMs = this.#clock.monotonicMs()
    this.#byStore.set(storeUid, { generation, notBeforeMs: endedMs + (endedMs - startedMs) * restPerSweep })
    return result
  }

  forget(storeUid: string): void {
    this.#byStore.delete(storeUid)
  }
}
