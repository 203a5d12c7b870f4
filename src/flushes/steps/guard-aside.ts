import type { Flush, StepResult } from '../flush.ts'
import { guardKey } from '../guard-key.ts'
import { onNode } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'
import { watchReturned } from '../watch-returned.ts'
import { backToDeletion, brokenGuard } from './delete.ts'
import { afterWatching, leftMs } from './guard.ts'

/** How long one pass watches, in ms: between two of them nobody listens for some 20 ms, and the next one finds what came back. */
const passMs = 10_000
/** How often it looks whether to go on, in ms. */
const lookMs = 500

/** As `guard`, for all sessions at once: too many to ask for each, so it hears of what comes back. */
export const guardAside = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async (node) => {
    const broken = brokenGuard(flush, node)
    if (broken !== undefined) return backToDeletion(runtime, flush, broken)
    return await watchReturned(runtime, flush, node, signal, async (connection, watch) => {
      const untilMs = runtime.clock.monotonicMs() + passMs
      let left = await leftMs(runtime, flush, connection, signal)
      while (left > 0 && runtime.clock.monotonicMs() < untilMs && !isToStop(runtime, flush)) {
        await runtime.clock.sleep(Math.min(left, lookMs), signal)
        await watch.settle()
        const names = Number(await connection.call(['SCARD', guardKey(flush)], { signal }))
        if (names < (flush.status.guard?.names ?? 0))
          return backToDeletion(runtime, flush, 'Redis has lost names that it was to remember')
        left = await leftMs(runtime, flush, connection, signal)
      }
      await watch.settle()
      return afterWatching(runtime, flush, left, passMs)
    })
  })

/** Somebody aborts the flush, or deletes it: the next pass ends it. */
const isToStop = ({ flushes }: FlushRuntime, { object }: Flush): boolean => {
  const { namespace = '', name = '' } = object.metadata
  const current = flushes.get(`${namespace}/${name}`)
  return current?.spec.abort !== undefined || current?.metadata.deletionTimestamp !== undefined
}
