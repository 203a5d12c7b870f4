import { emptyAside, forgetAside } from '../redis/aside.ts'
import { everyMarker, flushOfMarker, guardOf } from '../redis/guard-names.ts'
import type { RedisConnection } from '../redis/connection.ts'
import { forgetRemembered } from '../redis/remembered-keys.ts'
import { storeNamespace } from './names.ts'
import type { Observed } from './observe.ts'
import type { ReadSessionStore } from '../api/resources.ts'
import type { StoreRuntime } from './runtime.ts'

/** Keys that one call looks at. */
const pageSize = 1_000

/** Deletes what a flush has put aside that is gone without an end (its finalizer was removed by hand): nobody else would, and it takes up memory. */
export const settleAside = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  { node }: Observed,
  signal: AbortSignal,
): Promise<void> => {
  if (!node || node.info.asideKeys === 0) return
  const { connection } = node
  const markers = await findMarkers(connection, signal)
  for (const marker of markers) {
    const uid = flushOfMarker(marker)
    if (await runtime.isFlushUnderWay(storeNamespace(store), uid, signal)) return
    await forgetAside(connection, marker, { signal })
    await forgetRemembered(connection, guardOf(uid), { signal })
  }
  if (markers.length === 0) await emptyAside(connection, { signal })
  const message = 'A FlushSessions that had put sessions aside is gone without an end: they were deleted now'
  runtime.events.record(store, { type: 'Warning', reason: 'OrphansDeleted', message })
}

const findMarkers = async (connection: RedisConnection, signal: AbortSignal): Promise<readonly string[]> => {
  const found = new Set<string>()
  let cursor = '0'
  do {
    const reply = await connection.call(['SCAN', cursor, 'MATCH', everyMarker, 'COUNT', pageSize], { signal })
    const [next, page] = Array.isArray(reply) ? reply : []
    for (const key of Array.isArray(page) ? page : []) found.add(String(key))
    cursor = String(next ?? '0')
  } while (cursor !== '0')
  return [...found]
}
