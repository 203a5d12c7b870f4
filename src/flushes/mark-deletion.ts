import { parseInfo } from '../redis/info.ts'
import type { RedisConnection } from '../redis/connection.ts'
import { readStamp, writeStamp } from '../redis/stamp.ts'
import { ensureAccess } from '../stores/access.ts'
import { hasClaims } from '../stores/plan/claim.ts'
import { isReplicated } from '../stores/topology/replicas.ts'
import { writeStatusPart } from '../stores/write-status-part.ts'
import { fail, type Flush, type StepResult } from './flush.ts'
import type { FlushPrimary } from './node.ts'
import type { FlushRuntime } from './runtime.ts'

const manager = 'session-store-operator-revocation'

/** A store whose only data goes with its only pod has nobody to tell. */
const isMarked = ({ store }: Flush): boolean => isReplicated(store) || hasClaims(store)

/** The number that data must have before this flush marks it: that of the last flush before. */
const earlierNumber = ({ store, uid }: Flush): number => {
  const { revocation } = store.status ?? {}
  return (revocation?.flush === uid ? revocation.earlierNumber : revocation?.number) ?? 0
}

/**
 * Why some sessions must not be ended alone: the data is from before an earlier flush, and the mark of this one would say that it has that one too. Undefined
 * when it has, or everything goes.
 */
export const behindEarlier = async (
  flush: Flush,
  connection: RedisConnection,
  signal: AbortSignal,
): Promise<StepResult | undefined> => {
  if (!isMarked(flush) || flush.object.spec.scope.all !== undefined) return undefined
  if ((await readStamp(connection, { signal })) >= earlierNumber(flush)) return undefined
  return fail(
    'DataBehindFlush',
    'The data of this store is from before an earlier flush: it holds sessions that were revoked, and nobody can read them. Create a flush with scope all, which ends what is there, or bring back the volume that was there',
  )
}

/**
 * Marks a deletion, once it is done, in the data and in the store's status: whoever has not come so far, a replica that was away or the volume of a time before,
 * holds sessions that were ended.
 */
export const markDeletion = async (
  runtime: FlushRuntime,
  flush: Flush,
  { connection }: Pick<FlushPrimary, 'connection'>,
  signal: AbortSignal,
): Promise<void> => {
  if (!isMarked(flush)) return
  const { store, engine } = flush
  // Never one that was there before: whoever has that one need not have this deletion.
  const number = Math.max(store.status?.revocation?.number ?? 0, await readStamp(connection, { signal })) + 1
  await writeStamp(connection, number, { signal })
  const { id, earlierId, offset } = parseInfo(await connection.call(['INFO'], { signal })).replication
  const revocation = {
    flush: flush.uid,
    replicationId: id,
    ...(earlierId === undefined ? {} : { earlierReplicationId: earlierId }),
    offset,
    number,
    earlierNumber: earlierNumber(flush),
  }
  await writeStatusPart(runtime.client, store, { revocation }, manager, signal)
  flush.store = { ...store, status: { ...store.status, revocation } }
  // Its kubelet decides who may read it, with nobody's help.
  if (!isReplicated(store)) await ensureAccess(runtime, store, engine, { revocation: number, signal })
}
