import type { ReadSessionStore } from '../api/resources.ts'
import { connectBeside, observe, type StoreNode } from '../stores/observe.ts'
import { revocationIn } from '../stores/topology/revocation.ts'
import { isReplicated } from '../stores/topology/replicas.ts'
import type { RedisConnection } from '../redis/connection.ts'
import { RedisError } from '../redis/errors.ts'
import { parseInfo, type Info } from '../redis/info.ts'
import { readStamp } from '../redis/stamp.ts'
import type { FlushRuntime } from './runtime.ts'
import { wait, type Flush, type StepResult } from './flush.ts'

/** A node of the store, as it answered just now. */
export interface FlushNode {
  readonly name: string
  /** UID of the pod. */
  readonly uid: string
  readonly connection: RedisConnection
  readonly info: Info
  /** Where it is. */
  readonly place: StoreNode
}

/** A node that may hold sessions and does not answer: it has to acknowledge the deletion, or be proven gone. */
export type AwayNode = Pick<FlushNode, 'name' | 'uid'>

/** The primary, which a flush works on, and who else may hold its store's sessions. */
export interface FlushPrimary extends FlushNode {
  readonly replicas: readonly FlushNode[]
  readonly away: readonly AwayNode[]
}

/** The store's primary, or undefined while it does not answer: what it holds cannot be known, so a flush waits for it. */
export const answeringNode = async (
  runtime: FlushRuntime,
  store: ReadSessionStore,
  signal: AbortSignal,
): Promise<FlushPrimary | undefined> => {
  const { pod, node, nodes } = await observe(runtime, store, signal)
  const primary = nodes.find(
    ({ state }) => node !== undefined && state.is === 'answering' && state.connection === node.connection,
  )
  if (!node || !primary || node.info.loading || (!isReplicated(store) && !pod)) return undefined
  const others = nodes.filter(({ uid }) => uid !== primary.uid)
  const { name, uid } = primary
  const replicas = others.flatMap((place) =>
    place.state.is === 'answering' ? [{ name: place.name, uid: place.uid, ...place.state, place }] : [],
  )
  const away = others.filter((place) => place.state.is !== 'answering' && mayHoldSessions(store, place))
  return { name, uid, connection: node.connection, info: node.info, place: primary, replicas, away }
}

/** A process that is proven gone holds nothing; the disk of its pod may, and the next one reads it. */
const mayHoldSessions = ({ status }: ReadSessionStore, { uid, onClaim, state }: StoreNode): boolean =>
  state.is === 'silent' ||
  onClaim ||
  (status?.nodes?.some(
    (entry) => entry.pod === uid && (entry.appendOnlyFile === true || entry.snapshotFile === true),
  ) ??
    false)

/** How soon a node that does not answer is asked again, in ms; and one that answered with a refusal, which a person may have to look at. */
const retryMs = 500
const refusedMs = 2_000

/**
 * Does a step's work on the store's primary. While it does not answer, or breaks off in the middle, the flush waits, says so, and does the step
 * again: every step can be done twice.
 */
export const onNode = async (
  runtime: FlushRuntime,
  flush: Flush,
  signal: AbortSignal,
  work: (node: FlushPrimary) => Promise<StepResult>,
): Promise<StepResult> => {
  try {
    const node = await answeringNode(runtime, flush.store, signal)
    if (node) return await work(node)
  } catch (error) {
    if (!(error instanceof RedisError)) throw error
    if (!['unreachable', 'notListening', 'loading', 'busy'].includes(error.kind)) {
      flush.progress(`Redis refused ${error.message}`, flush.status.progress?.percent ?? 0)
      return wait(refusedMs)
    }
  }
  flush.progress('WaitingForRedis', flush.status.progress?.percent ?? 0)
  return wait(retryMs)
}

/** Does long work on a connection of its own: on the one that decisions are made by, a hand-over would wait behind it. */
export const beside = async <T>(
  runtime: FlushRuntime,
  flush: Flush,
  { place }: FlushNode,
  signal: AbortSignal,
  work: (connection: RedisConnection) => Promise<T>,
): Promise<T> => {
  const connection = await connectBeside(runtime, flush.store, place, signal)
  try {
    return await work(connection)
  } finally {
    connection.close()
  }
}

/** `INFO` in the same transaction as what it should describe: the process that answered both. */
export const infoIn = (replies: readonly unknown[], index: number): Info => parseInfo((replies[index] ?? '') as string)

/** True of the primary, and of a replica that has come as far as the last deletion, as it says just now. */
export const hasDeletion = async (
  { store }: Flush,
  { connection, info }: FlushNode,
  signal: AbortSignal,
): Promise<boolean> => {
  if (info.role === 'primary') return true
  const { loading, replication } = parseInfo(await connection.call(['INFO'], { signal }))
  if (loading || !replication.linkUp || replication.syncing) return false
  const deletion = revocationIn(store, replication)
  if (deletion !== 'unknown') return deletion === 'has'
  return (await readStamp(connection, { signal })) >= (store.status?.revocation?.number ?? 0)
}
