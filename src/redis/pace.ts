import { setTimeout } from 'node:timers/promises'

/** The parts of a clock that pacing needs. */
export interface Clock {
  readonly monotonicMs: () => number
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** A rate that long work is held to: call what it gives with how much is done, and wait for it. */
export const atMost = (perSecond: number | undefined, signal?: AbortSignal): ((done: number) => Promise<void>) => {
  if (perSecond === undefined) return () => Promise.resolve()
  const startedMs = performance.now()
  return async (done) => {
    const aheadMs = (done / perSecond) * 1000 - (performance.now() - startedMs)
    if (aheadMs > 0) await setTimeout(aheadMs, undefined, signal ? { signal } : {})
  }
}

/** How many keys one call may take so that the rate is even: a tenth of a second's, and no more than is good for the server. */
export const pageAt = (perSecond: number | undefined, most: number): number =>
  perSecond === undefined ? most : Math.max(1, Math.min(most, Math.floor(perSecond / 10)))

/** Of the server's time, background work takes at most one part in five. */
const restPerWork = 4

/** Does one page of background work, then rests four times as long as it took: a slow server gets longer rests. */
export const paced = async <T>(clock: Clock, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> => {
  const startedMs = clock.monotonicMs()
  const result = await work()
  await clock.sleep((clock.monotonicMs() - startedMs) * restPerWork, signal)
  return result
}
