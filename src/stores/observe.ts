import type { ReadSessionStore } from '../api/resources.ts'
import type { ConfigMap, PersistentVolumeClaim, Pod, StatefulSet } from '../kubernetes/kinds.ts'
import type { RedisConnection } from '../redis/connection.ts'
import { isRedisError, RedisError } from '../redis/errors.ts'
import { parseInfo, type Info } from '../redis/info.ts'
import type { Target } from './connections.ts'
import { operatorLogins } from './own-credentials.ts'
import { objectNames, isOwnedBy, storeName, storeNamespace, storeUid } from './names.ts'
import { claimName, hasClaims, storeUidAnnotation } from './plan/claim.ts'
import { containerEnded, isRunning } from './pod-state.ts'
import type { StoreRuntime } from './runtime.ts'
import { speaksTls, wantsTls } from './tls/speaks-tls.ts'
import { isReplicated } from './topology/replicas.ts'

/** A Redis that answers, and what it said of itself. */
export interface ObservedNode {
  readonly connection: RedisConnection
  readonly info: Info
}

/** What is known of a process: `gone` is proven, `silent` may still run. */
export type NodeState =
  | ({ readonly is: 'answering' } & ObservedNode)
  | { readonly is: 'starting' }
  | { readonly is: 'gone'; readonly proof: string }
  | { readonly is: 'silent'; readonly error: RedisError }

/** One place where a store's sessions may be. */
export interface StoreNode {
  /** Of the pod. A later pod has the same name, and another UID. */
  readonly name: string
  readonly uid: string
  readonly ordinal: number
  /** Undefined when the API server has the pod no more, and nothing proves that its process has ended. */
  readonly pod: Pod | undefined
  readonly address: string | undefined
  /** Its files lie on a claim that has a volume: they outlast the pod, and the next one of that name reads them. */
  readonly onClaim: boolean
  readonly state: NodeState
}

/** A node that answers. */
export type AnsweringNode = StoreNode & { readonly state: ObservedNode & { readonly is: 'answering' } }

export const answers = (node: StoreNode | undefined): node is AnsweringNode => node?.state.is === 'answering'

/** What is true now, gathered once per pass. */
export interface Observed {
  readonly config: ConfigMap | undefined
  /** Claims with this store's sessions. */
  readonly claims: readonly PersistentVolumeClaim[]
  readonly nodes: readonly StoreNode[]
  /** The primary's pod. */
  readonly pod: Pod | undefined
  /** The primary; undefined while it cannot be asked, or there is none. */
  readonly node: ObservedNode | undefined
  /** Why it cannot. */
  readonly nodeError: RedisError | undefined
}

/** How long a node of several is waited for, in ms: while one is frozen the others must not wait. */
const probeTimeoutMs = 1_000
/** How soon one that broke off is asked again, in ms. */
const againMs = 20

/** Gathers what a pass decides by. Redis that does not answer is an observation, not an error. */
export const observe = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  signal: AbortSignal,
): Promise<Observed> => {
  const names = objectNames(storeName(store))
  const key = (name: string) => `${storeNamespace(store)}/${name}`
  const config = runtime.caches.configMaps.get(key(names.config))
  const set = runtime.caches.statefulSets.get(key(names.statefulSet))
  // A pod can also be made by hand, with that name and those labels: only the StatefulSet's own count.
  const found = set && isOwnedBy(set, store) ? runtime.caches.pods.byIndex('owner', set.metadata.uid ?? '') : []
  // In an order of their own: status lists them, and is not to change because one of them came in later.
  const pods = found.toSorted((a, b) => ordinalOf(a.metadata.name ?? '') - ordinalOf(b.metadata.name ?? ''))
  const claims = claimsOf(runtime, store)
  const own = set && isOwnedBy(set, store) ? set : undefined
  const processes = await Promise.all([
    ...pods.map((pod) => observePod(runtime, store, pod, claims, signal)),
    ...vanished(runtime, store, pods).map((node) => observeVanished(runtime, store, node, signal)),
  ])
  const nodes = [...processes, ...missing(store, own, pods, claims)]
  const observed = { config: config && isOwnedBy(config, store) ? config : undefined, claims, nodes }
  return { ...observed, ...primaryOf(store, nodes) }
}

/** As many pods as the schema lets a store have: nobody's claim has a higher number. */
const mostPods = 6

const claimsOf = (runtime: StoreRuntime, store: ReadSessionStore): readonly PersistentVolumeClaim[] => {
  if (!hasClaims(store)) return []
  const ordinals = Array.from({ length: mostPods }, (_, ordinal) => ordinal)
  return ordinals.flatMap((ordinal) => {
    const claim = runtime.caches.claims.get(`${storeNamespace(store)}/${claimName(store, ordinal)}`)
    return claim?.metadata.annotations?.[storeUidAnnotation] === storeUid(store) ? [claim] : []
  })
}

/** One without a volume never had a file; one that somebody has deleted is given up. */
const holdsFiles = (store: ReadSessionStore, claims: readonly PersistentVolumeClaim[], ordinal: number): boolean =>
  claims.some(
    ({ metadata, status }) =>
      metadata.name === claimName(store, ordinal) &&
      metadata.deletionTimestamp === undefined &&
      status?.phase === 'Bound',
  )

/** Between two pods of one name there is only the claim, with all that the first one had. */
const missing = (
  store: ReadSessionStore,
  set: StatefulSet | undefined,
  pods: readonly Pod[],
  claims: readonly PersistentVolumeClaim[],
): readonly StoreNode[] => {
  if (!isReplicated(store) || !hasClaims(store)) return []
  const present = new Set(pods.map((pod) => pod.metadata.name))
  return claims.flatMap((claim) => {
    const ordinal = ordinalOf(claim.metadata.name ?? '')
    const name = objectNames(storeName(store)).pod(ordinal)
    if (present.has(name) || !holdsFiles(store, claims, ordinal)) return []
    const comes = ordinal < (set?.spec?.replicas ?? 0)
    const state = comes
      ? ({ is: 'starting' } as const)
      : ({ is: 'gone', proof: 'its pod is asked for no more' } as const)
    return [{ name, uid: `claim-of-${name}`, ordinal, pod: undefined, address: undefined, onClaim: true, state }]
  })
}

/** The primary among the nodes, as status says it, or the only one. */
export const primaryOf = (
  store: ReadSessionStore,
  nodes: readonly StoreNode[],
): Pick<Observed, 'pod' | 'node' | 'nodeError'> => {
  const { primary } = store.status ?? {}
  const node = isReplicated(store) ? nodes.find(({ uid }) => uid === primary?.pod) : nodes[0]
  const error = node?.state.is === 'silent' ? node.state.error : undefined
  const isPrimary =
    answers(node) &&
    (!isReplicated(store) || (node.state.info.role === 'primary' && node.state.info.runId === primary?.runId))
  return { pod: node?.pod, node: isPrimary ? node.state : undefined, nodeError: error }
}

const observePod = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  pod: Pod,
  claims: readonly PersistentVolumeClaim[],
  signal: AbortSignal,
): Promise<StoreNode> => {
  const name = pod.metadata.name ?? ''
  const ordinal = ordinalOf(name)
  const onClaim = holdsFiles(store, claims, ordinal)
  const node = { name, uid: pod.metadata.uid ?? '', ordinal, pod, address: pod.status?.podIP, onClaim }
  if (isDeclaredGone(store, node.uid))
    return { ...node, onClaim: false, state: { is: 'gone', proof: 'a person has said so' } }
  // A Standalone pod that is going is left alone: whatever it is told now is lost.
  const usable = isReplicated(store) || pod.metadata.deletionTimestamp === undefined
  if (usable && isRunning(pod)) return { ...node, state: await ask(runtime, store, node, signal) }
  const proof = containerEnded(pod)
  if (proof !== undefined) return { ...node, state: { is: 'gone', proof } }
  return { ...node, state: { is: 'starting' } }
}

const ask = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  node: Pick<StoreNode, 'uid' | 'name' | 'address' | 'pod'>,
  signal: AbortSignal,
): Promise<NodeState> =>
  await runtime.patience.state(node.uid, async () => await askBoth(runtime, store, node, signal), signal)

/** A process whose pod is not known any more may be from before TLS was asked for, or from after: it is gone when neither port is open. */
const askBoth = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  node: Pick<StoreNode, 'uid' | 'name' | 'address' | 'pod'>,
  signal: AbortSignal,
): Promise<NodeState> => {
  const encrypted = node.pod ? speaksTls(node.pod) : wantsTls(store)
  const state = await askNow(runtime, store, node, encrypted, signal)
  return state.is === 'gone' && node.pod === undefined ? await askNow(runtime, store, node, !encrypted, signal) : state
}

const targetOf = (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  node: Pick<StoreNode, 'uid' | 'name' | 'address'>,
  encrypted: boolean,
  signal: AbortSignal,
): Target => ({
  ...node,
  owner: { namespace: storeNamespace(store), name: storeName(store) },
  tls: encrypted ? () => runtime.certificates.peer(runtime, store, signal) : undefined,
})

/** A connection to a node beside the one that decisions are made by; the caller closes it. Throws a `RedisError`. */
export const connectBeside = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  node: StoreNode,
  signal: AbortSignal,
): Promise<RedisConnection> => {
  const encrypted = node.pod ? speaksTls(node.pod) : wantsTls(store)
  const target = targetOf(runtime, store, node, encrypted, signal)
  return await runtime.connections.separate(target, operatorLogins(runtime, store), { signal })
}

const askNow = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  node: Pick<StoreNode, 'uid' | 'name' | 'address' | 'pod'>,
  encrypted: boolean,
  signal: AbortSignal,
): Promise<NodeState> => {
  const options = { signal, ...(isReplicated(store) ? { timeoutMs: probeTimeoutMs } : {}) }
  const target = targetOf(runtime, store, node, encrypted, signal)
  const once = async (): Promise<NodeState> => {
    const connection = await runtime.connections.node(target, operatorLogins(runtime, store), options)
    const info = parseInfo(await connection.call(['INFO'], options))
    return { is: 'answering', connection, info }
  }
  const startedMs = runtime.clock.monotonicMs()
  try {
    try {
      return await once()
    } catch (error) {
      // A process that is being killed still accepts one connection in ten, and breaks it (Redis 8.0.2, measured): the next try tells.
      const broke = isRedisError(error, 'unreachable') && runtime.clock.monotonicMs() - startedMs < probeTimeoutMs / 2
      if (!broke || !isReplicated(store)) throw error
      await runtime.clock.sleep(againMs, signal)
      return await once()
    }
  } catch (error) {
    // The address answers, and says that nothing listens there.
    if (isRedisError(error, 'notListening') && isReplicated(store))
      return { is: 'gone', proof: 'a connection to its address is refused' }
    if (error instanceof RedisError) return { is: 'silent', error }
    throw error
  }
}

type Vanished = NonNullable<NonNullable<ReadSessionStore['status']>['unaccounted']>[number]

/** Nodes of before whose pods the API server has no more, unless their last state said that they had ended. */
const vanished = (runtime: StoreRuntime, store: ReadSessionStore, pods: readonly Pod[]): readonly Vanished[] => {
  if (!isReplicated(store)) return []
  const { unaccounted = [], nodes = [] } = store.status ?? {}
  const present = new Set(pods.map((pod) => pod.metadata.uid))
  const known = new Set(unaccounted.map(({ pod }) => pod))
  const since = runtime.clock.now().toISOString()
  const fresh = nodes.flatMap(({ pod, address, name, runId }) =>
    pod === undefined || address === undefined || known.has(pod) ? [] : [{ pod, address, name, runId, since }],
  )
  return [...unaccounted, ...fresh].filter(
    ({ pod }) => !present.has(pod) && !runtime.endedPods.has(pod) && !isDeclaredGone(store, pod),
  )
}

/** A person says that the processes of these pods have ended, by their UIDs: a machine was switched off, say. */
const goneAnnotation = 'sessionstore.dev/gone-pods'

const isDeclaredGone = (store: ReadSessionStore, uid: string): boolean =>
  (store.metadata.annotations?.[goneAnnotation] ?? '').split(',').some((entry) => entry.trim() === uid)

const observeVanished = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  { pod: uid, name, address, runId }: Vanished,
  signal: AbortSignal,
): Promise<StoreNode> => {
  const node = { name, uid, ordinal: ordinalOf(name), pod: undefined, address, onClaim: false }
  const state = await ask(runtime, store, node, signal)
  // Another process has the address: an address is one process', so the one before has ended.
  const other = state.is === 'answering' && state.info.runId !== runId
  if (other) runtime.connections.forget(uid)
  return { ...node, state: other ? { is: 'gone', proof: 'another process has its address' } : state }
}

/** The number of a StatefulSet's pod, by its name. */
export const ordinalOf = (podName: string): number => Number(/-([0-9]+)$/.exec(podName)?.[1] ?? 0)
