import type { ReadSessionStore } from '../../api/resources.ts'
import type { PrimaryStatus } from '../../api/session-store-status.ts'
import { pods } from '../../kubernetes/kinds.ts'
import { deadAddress, port, tlsPort } from '../../redis/config.ts'
import { isApiError } from '../../kubernetes/errors.ts'
import { isRedisError } from '../../redis/errors.ts'
import type { Replication } from '../../redis/info.ts'
import { bindWrites, closeClients, follow, openGate, type PrimaryEndpoint } from '../../redis/replication.ts'
import { replicationLogin } from '../own-credentials.ts'
import { roleLabel, storeNamespace } from '../names.ts'
import { answers, type AnsweringNode, type StoreNode } from '../observe.ts'
import type { StoreRuntime } from '../runtime.ts'
import { speaksTls } from '../tls/speaks-tls.ts'
import { wantedReplicas } from './replicas.ts'
import { revocationIn } from './revocation.ts'
import { writePrimary } from './term.ts'

/** What following has found and done. */
export interface Followed {
  readonly store: ReadSessionStore
  /** Bytes of writes that a primary of before had accepted alone, and that nobody has any more. */
  readonly discardedBytes: number
  /** When clients that an old route leads to a former primary are to be sent away; undefined when there is none. */
  readonly requeueAfterMs: number | undefined
}

/** Makes every node that answers a replica of the primary, and binds the primary's writes to them. */
export const followPrimary = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  primary: AnsweringNode,
  nodes: readonly StoreNode[],
  signal: AbortSignal,
): Promise<Followed> => {
  const others = nodes.filter((node) => answers(node) && node.uid !== primary.uid) as readonly AnsweringNode[]
  const discarded = await Promise.all(others.map((node) => followOne(runtime, store, primary, node, signal)))
  const bound = await bind(runtime, store, primary, signal)
  await labelRoles(runtime, store, primary, nodes, signal)
  const requeueAfterMs = runtime.strays.nextMs(others.map(({ uid }) => uid))
  return { store: bound, discardedBytes: discarded.reduce((sum, bytes) => sum + bytes, 0), requeueAfterMs }
}

/** What a replica that follows already still needs. Those who came to a primary of before by an old route are closed; who reads from replicas connects again. */
const settleReplica = async (
  runtime: StoreRuntime,
  { uid, state: { connection, info } }: AnsweringNode,
  signal: AbortSignal,
): Promise<void> => {
  const { linkUp, syncing } = info.replication
  try {
    if (runtime.strays.take(uid)) await closeClients(connection, { signal })
    if (linkUp && !syncing) await openGate(connection, { signal })
  } catch (error) {
    if (!isRedisError(error)) throw error
    runtime.log.info({ node: uid, reason: error.message }, 'A replica was not settled; trying again')
  }
}

/** How a replica reaches its primary: encrypted when both can be. */
export const primaryEndpoint = (replica: StoreNode, primary: StoreNode, host: string): PrimaryEndpoint => {
  const [own, other] = [replica, primary].map(({ pod }) => pod !== undefined && speaksTls(pod))
  const tls = own === true && other === true
  return { host, port: tls ? tlsPort : port, tls: own === true ? tls : undefined }
}

const followOne = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  primary: AnsweringNode,
  replica: AnsweringNode,
  signal: AbortSignal,
): Promise<number> => {
  const { uid, address, state } = replica
  const { connection, info } = state
  if (primary.address === undefined || address === undefined) return 0
  if (info.role === 'replica' && info.replication.primaryHost === primary.address) {
    await settleReplica(runtime, replica, signal)
    return 0
  }
  const { change, earlierReplicationId } = store.status?.primary ?? {}
  const wasPrimary = info.role === 'primary'
  try {
    const login = replicationLogin(runtime, store)
    const wasGated = info.replication.primaryHost === deadAddress[0]
    const lacks = revocationIn(store, info.replication) === 'lacks'
    const standing = lacks ? 'revoked' : wasPrimary || wasGated ? 'stale' : 'current'
    await follow(connection, primaryEndpoint(replica, primary, primary.address), address, login, standing, { signal })
    // Who is connected to one that waited behind the boot gate was led there when it was the primary's address still: it would never find the new one.
    if (wasPrimary || wasGated) {
      await closeClients(connection, { signal })
      runtime.strays.expect(uid)
    }
  } catch (error) {
    if (!isRedisError(error)) throw error
    runtime.log.info({ node: uid, reason: error.message }, 'A node did not take its primary; trying again')
    return 0
  }
  // It went on alone after the new primary had left its history: what came after that point is dropped when it takes over the whole data.
  const alone = wasPrimary && info.replication.id === earlierReplicationId
  return alone ? Math.max(0, info.replication.offset - (change?.offset ?? 0)) : 0
}

/**
 * Binds the primary's writes to its replicas while it has one, from two replicas on. Unbinding is written down first and binding last, so
 * that nobody takes a primary for bound that is not.
 */
const bind = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  { state: { connection, info } }: AnsweringNode,
  signal: AbortSignal,
): Promise<ReadSessionStore> => {
  const { primary } = store.status ?? {}
  if (!primary) return store
  const wanted = wantedReplicas(store) > 1 && info.replication.onlineReplicas.length > 0
  const next = { ...primary, ...historyOf(primary, info.replication), bounded: wanted }
  if (wanted === (primary.bounded ?? false) && next.replicationId === primary.replicationId) return store
  if (wanted) await bindWrites(connection, 1, { signal })
  const written = await writePrimary(runtime, store, next, signal)
  if (!wanted) await bindWrites(connection, 0, { signal })
  return written
}

/** A primary that gets its first replica begins a new history (src/replication.c, syncCommand): the one that is written down would fit nobody. */
const historyOf = (primary: PrimaryStatus, { id }: Replication) =>
  primary.replicationId === id || primary.replicationId === undefined
    ? { replicationId: id }
    : { replicationId: id, earlierReplicationId: primary.replicationId }

/** Shows who is what, and keeps the Service for reads to replicas. The primary's Service does not depend on it. */
const labelRoles = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  primary: StoreNode,
  nodes: readonly StoreNode[],
  signal: AbortSignal,
): Promise<void> => {
  for (const { name, uid, pod } of nodes) {
    const role = uid === primary.uid ? 'primary' : 'replica'
    if (!pod || pod.metadata.labels?.[roleLabel] === role) continue
    try {
      const metadata = { uid, labels: { [roleLabel]: role } }
      await runtime.client.patch(pods, { namespace: storeNamespace(store), name }, { metadata }, { signal })
    } catch (error) {
      // Gone meanwhile, or another pod with its name.
      if (!isApiError(error, 'notFound', 'conflict')) throw error
    }
  }
}
