import { performance } from 'node:perf_hooks'
import { createFlush, type StoreUnderTest } from './flush-run.ts'
import type { Lane } from './lane.ts'

export interface FlushTime {
  /** From the API server's answer to `create` until Redis refused a write and had no session, as the application saw it, in ms. */
  readonly createdToDeletedMs: number
  /** The same from the moment the request was sent. */
  readonly sentToDeletedMs: number
}

/** Between the fence and the deletion of one step, in ms; it is a few round trips. */
const patienceMs = 1_000

/** Creates a flush and asks Redis, as the application and without a pause, when it takes effect. */
export const timeFlush = async (
  lane: Lane,
  store: StoreUnderTest,
  name: string,
  { sessions, drain = '1s' }: { readonly sessions: number; readonly drain?: string },
): Promise<FlushTime> => {
  const deleted = Promise.withResolvers<number>()
  const probe = async (): Promise<void> => {
    for (;;) {
      try {
        await store.redis.set('shop:session:0', 'again', 'EX', 3600)
        await new Promise((resolve) => setTimeout(resolve, 2))
      } catch (error) {
        if (!String(error).includes('NOPERM')) throw error
        // Refused from here on; the deletion follows within milliseconds, and nothing can come between.
        const at = [0, Math.floor(sessions / 2), sessions - 1].map((index) => `shop:session:${index}`)
        const left = async () =>
          (await Promise.all(at.map((key) => store.redis.get(key)))).some((value) => value !== null)
        const refusedMs = performance.now()
        while (await left()) {
          if (performance.now() - refusedMs > patienceMs)
            throw new Error('writes were refused and sessions stay', { cause: error })
        }
        return deleted.resolve(performance.now())
      }
    }
  }
  const probing = probe().catch((error: unknown) => deleted.reject(error))
  const sentMs = performance.now()
  await createFlush(lane, store.name, name, { drain })
  const createdMs = performance.now()
  const deletedMs = await deleted.promise
  await probing
  return { createdToDeletedMs: deletedMs - createdMs, sentToDeletedMs: deletedMs - sentMs }
}
