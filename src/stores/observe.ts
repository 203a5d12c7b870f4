import type { ReadSessionStore } from '../api/resources.ts'
import type { ConfigMap, Pod } from '../kubernetes/kinds.ts'
import type { RedisConnection } from '../redis/connection.ts'
import { RedisError } from '../redis/errors.ts'
import { parseInfo, type Info } from '../redis/info.ts'
import { operatorLogin } from './access.ts'
import { objectNames, isOwnedBy, storeName, storeNamespace } from './names.ts'
import { isRunning } from './pod-state.ts'
import type { StoreRuntime } from './runtime.ts'

/** The Redis of a pod, and what it said of itself. */
export interface ObservedNode {
  readonly connection: RedisConnection
  readonly info: Info
}

/** What is true now, gathered once per pass. */
export interface Observed {
  readonly pod: Pod | undefined
  readonly config: ConfigMap | undefined
  /** Undefined while Redis cannot be asked. */
  readonly node: ObservedNode | undefined
  /** Why it cannot. */
  readonly nodeError: RedisError | undefined
}

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
  const pod =
    set && isOwnedBy(set, store) ? podOf(runtime.caches.pods.get(key(names.pod)), set.metadata.uid) : undefined
  const facts = { config: config && isOwnedBy(config, store) ? config : undefined, pod }
  if (!pod || !isRunning(pod)) return { ...facts, node: undefined, nodeError: undefined }
  try {
    const connection = await runtime.connections.node(pod, operatorLogin(runtime, store), { signal })
    const info = parseInfo(await connection.call(['INFO'], { signal }))
    return { ...facts, node: { connection, info }, nodeError: undefined }
  } catch (error) {
    if (error instanceof RedisError) return { ...facts, node: undefined, nodeError: error }
    throw error
  }
}

/** The pod, when this StatefulSet made it: a pod can also be made by hand, with that name and those labels. */
const podOf = (pod: Pod | undefined, setUid: string | undefined): Pod | undefined =>
  pod?.metadata.ownerReferences?.some((owner) => owner.uid === setUid) ? pod : undefined
