/** The parts of a clock that pacing needs. */
export interface Clock {
  readonly monotonicMs: () => number
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** Of the server's time, background work takes at most one part in five. */
const restPerWork = 4

/** Does one page of background work, then rests four times as long as it took: a slow server gets longer rests. */
export const paced = async <T>(clock: Clock, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> => {
  const startedMs = clock.monotonicMs()
  const result = await work()
  await clock.sleep((clock.monotonicMs() - startedMs) * restPerWork, signal)
  return result
}
