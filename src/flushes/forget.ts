import { forgetAside } from '../redis/aside.ts'
import type { RedisConnection } from '../redis/connection.ts'
import { markerOf } from '../redis/guard-names.ts'
import { forgetRemembered } from '../redis/remembered-keys.ts'
import { setsAside, type Flush } from './flush.ts'
import { guardKey } from './guard-key.ts'

/** Deletes what a guarded flush keeps in Redis: names, and what it has put aside. */
export const forget = async (flush: Flush, connection: RedisConnection, signal: AbortSignal): Promise<void> => {
  if (setsAside(flush.object)) await forgetAside(connection, markerOf(flush.uid), { signal })
  await forgetRemembered(connection, guardKey(flush), { signal })
}
