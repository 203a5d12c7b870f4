import { setTimeout as delay } from 'node:timers/promises'

export interface WaitOptions {
  readonly timeoutMs: number
  /** Default 100. */
  readonly intervalMs?: number
}

/**
 * Calls `condition` until it gives something other than `undefined` or `false`, and resolves with that. An error it
 * throws counts as "not yet" and becomes the cause of the rejection when `timeoutMs` have passed.
 */
export const waitUntil = async <T>(
  what: string,
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs, intervalMs = 100 }: WaitOptions,
): Promise<T> => {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    let failure: unknown
    try {
      const value = await condition()
      if (value !== undefined && value !== false) return value
    } catch (error) {
      failure = error
    }
    if (performance.now() >= deadline) throw new Error(`${what}: not so after ${timeoutMs} ms`, { cause: failure })
    await delay(intervalMs)
  }
}
