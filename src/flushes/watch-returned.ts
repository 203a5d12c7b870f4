import type { RedisConnection } from '../redis/connection.ts'
import { ReturnedWatch } from '../redis/watch-returned.ts'
import type { Flush } from './flush.ts'
import { asideOf } from './guard-key.ts'
import { beside, type FlushNode } from './node.ts'
import type { FlushRuntime } from './runtime.ts'

/** Works on a connection of its own, while what comes back of the sessions that were put aside is deleted. */
export const watchReturned = async <T>(
  runtime: FlushRuntime,
  flush: Flush,
  node: FlushNode,
  signal: AbortSignal,
  work: (connection: RedisConnection, watch: ReturnedWatch) => Promise<T>,
): Promise<T> => {
  const open = async <U>(use: (connection: RedisConnection) => Promise<U>) =>
    await beside(runtime, flush, node, signal, use)
  return await open(async (listener) =>
    open(async (worker) =>
      open(async (connection) => {
        const watch = await ReturnedWatch.open({ listener, worker }, asideOf(flush), { signal })
        try {
          return await work(connection, watch)
        } finally {
          noteReturned(flush, watch)
        }
      }),
    ),
  )
}

/** Counts what came back, for the record. */
const noteReturned = (flush: Flush, { removed }: ReturnedWatch): void => {
  if (removed > 0) flush.status.resurrections = { removed: (flush.status.resurrections?.removed ?? 0) + removed }
}
