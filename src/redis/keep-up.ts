import { isRedisError } from './errors.ts'
import type { RedisCallOptions, RedisConnection } from './connection.ts'

/** How many keys may be written before replicas are waited for: about 1.5 MB of the replication stream. */
const keysAhead = 10_000
/** How long they are waited for, in ms: one that hangs makes the work slower, and does not stop it. */
const patienceMs = 200

export interface KeepUpOptions extends RedisCallOptions {
  /** How many replicas follow the server; default none. */
  readonly replicas?: number | undefined
}

/**
 * Holds work that writes many keys to the pace of the replicas, so that none falls so far behind that it has to take over the whole data anew: call what it gives with
 * how many keys were written, over the same connection, and wait for it.
 */
export const keepUp = (
  connection: RedisConnection,
  { replicas = 0, ...options }: KeepUpOptions,
): ((written: number) => Promise<void>) => {
  let next = keysAhead
  return async (written) => {
    if (replicas === 0 || written < next) return
    next = written + keysAhead
    try {
      await connection.call(['WAIT', replicas, patienceMs], options)
    } catch (error) {
      // Rights of an earlier operator: it goes on without.
      if (!isRedisError(error, 'denied', 'refused')) throw error
    }
  }
}
