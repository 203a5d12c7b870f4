import { flushSessions } from '../api/resources.ts'
import type { Client } from '../kubernetes/client.ts'
import { isFinal } from './flush.ts'

/** True while the flush of that UID is there and not finished: it will lift its fence, and delete what it has put aside, itself. Reads live. */
export const isFlushUnderWay = async (
  client: Client,
  namespace: string,
  flushUid: string,
  signal: AbortSignal,
): Promise<boolean> => {
  const flushes = await client.list(flushSessions, { namespace, signal })
  return flushes.some(({ metadata, status }) => metadata.uid === flushUid && !isFinal(status))
}
