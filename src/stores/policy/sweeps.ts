import type { Clock } from '../../kubernetes/clock.ts'

/** Between two sweeps of a store lies this many times what the last one took: of the server's time, sweeps take a fiftieth. */
const restPerSweep = 10

/** What sweeps have done to a store's sessions. */
export interface Tally {
  /** Times to live that were set or shortened. */
  readonly corrected: number
  /** Sessions that were ended for their age. */
  readonly ended: number
}

interface Sweep {
  readonly generation: number
  readonly notBeforeMs: number
}

const none: Tally = { corrected: 0, ended: 0 }

/**
 * Remembers when each store may be swept again, and what sweeps have done that its status does not say yet: one that broke off has done something, too. A
 * changed spec is carried out at once.
 */
export class Sweeps {
  readonly #clock: Clock
  readonly #byStore = new Map<string, Sweep>()
  readonly #unsaid = new Map<string, Tally>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isDue(storeUid: string, generation: number): boolean {
    const last = this.#byStore.get(storeUid)
    return last?.generation !== generation || this.#clock.monotonicMs() >= last.notBeforeMs
  }

  /** Does a sweep and takes its time, whether or not it comes to its end. */
  async time<T>(storeUid: string, generation: number, sweep: () => Promise<T>): Promise<T> {
    const startedMs = this.#clock.monotonicMs()
    try {
      return await sweep()
    } finally {
      const endedMs = this.#clock.monotonicMs()
      this.#byStore.set(storeUid, { generation, notBeforeMs: endedMs + (endedMs - startedMs) * restPerSweep })
    }
  }

  /** A page of a sweep is done. */
  add(storeUid: string, { corrected, ended }: Tally): void {
    const before = this.unsaid(storeUid)
    this.#unsaid.set(storeUid, { corrected: before.corrected + corrected, ended: before.ended + ended })
  }

  /** What is done and not in the store's status yet. */
  unsaid(storeUid: string): Tally {
    return this.#unsaid.get(storeUid) ?? none
  }

  /** So much is in the store's status now. */
  said(storeUid: string, { corrected, ended }: Tally): void {
    this.add(storeUid, { corrected: -corrected, ended: -ended })
  }

  forget(storeUid: string): void {
    this.#byStore.delete(storeUid)
    this.#unsaid.delete(storeUid)
  }
}
