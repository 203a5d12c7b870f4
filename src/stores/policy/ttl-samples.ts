import type { TtlSample } from '../../redis/sample-ttl.ts'

/**
 * The last sample of each store's times to live. In memory alone: times run down by themselves, so status would be written at each look, and the next leader looks
 * within half a minute.
 */
export class TtlSamples {
  readonly #byStore = new Map<string, TtlSample>()

  set(storeUid: string, sample: TtlSample): void {
    this.#byStore.set(storeUid, sample)
  }

  get(storeUid: string): TtlSample | undefined {
    return this.#byStore.get(storeUid)
  }

  forget(storeUid: string): void {
    this.#byStore.delete(storeUid)
  }
}
