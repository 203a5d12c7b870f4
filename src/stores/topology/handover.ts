import type { ReadSessionStore } from '../../api/resources.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import { isRedisError } from '../../redis/errors.ts'
import { parseInfo } from '../../redis/info.ts'
import { closeClients, cutLink, follow } from '../../redis/replication.ts'
import { operatorLogin, replicationLogin } from '../own-credentials.ts'
import type { ResolvedEngine } from '../engines.ts'
import { objectNames, storeName, storeNamespace } from '../names.ts'
import type { AnsweringNode } from '../observe.ts'
import type { StoreRuntime } from '../runtime.ts'
import { speaksTls } from '../tls/speaks-tls.ts'
import { whoServes } from '../write-probe.ts'
import { primaryEndpoint } from './follow.ts'
import { beginTerm, finishTerm } from './promote.ts'

/** Writes are held for at most this long, in ms: then Redis lets them go on by itself, whatever has become of us. */
const holdMs = 5_000
/** How long the replica may take to have everything, in ms. On a link that is up it takes one. */
const equalMs = 2_000
const pollMs = 2
/** How long the Service may take to lead to the new primary before clients are sent there, in ms. */
const serviceMs = 2_000
const servicePollMs = 10

export type HandoverResult =
  | { readonly done: true; readonly store: ReadSessionStore; readonly heldMs: number }
  /** Nothing has changed, or the primary of before is to be promoted again: the next pass sees which. */
  | { readonly done: false; readonly reason: string }

/**
 * Hands over from the primary to a replica of it, with nothing lost: writes are held (clients wait, none is refused), both have the same offset, the
 * primary becomes a replica, and only then is the other one promoted. At no time are there two primaries, and whoever dies in between, the rest
 * have everything.
 */
export const handOver = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  engine: ResolvedEngine,
  from: AnsweringNode,
  to: AnsweringNode,
  options: { readonly cause: string; readonly fenced: boolean; readonly signal: AbortSignal },
): Promise<HandoverResult> => {
  const { cause, fenced, signal } = options
  const startedMs = runtime.clock.monotonicMs()
  const old = from.state.connection
  const login = replicationLogin(runtime, store)
  if (from.address === undefined || to.address === undefined) return { done: false, reason: 'a node has no address' }
  try {
    await old.call(['CLIENT', 'PAUSE', holdMs, 'WRITE'], { signal })
    const offset = await offsetOf(old, signal)
    if (!(await reaches(runtime, to.state.connection, offset, equalMs, signal))) {
      await old.call(['CLIENT', 'UNPAUSE'], { signal })
      return { done: false, reason: `${to.name} did not catch up within ${equalMs} ms` }
    }
    // From here on it takes no write any more, paused or not; and the same transaction says how far it came.
    const [reply] = await old.transaction([['INFO'], cutLink], { signal })
    const last = parseInfo(reply ?? '').replication.offset
    if (last !== offset && !(await reaches(runtime, to.state.connection, last, pollMs * 10, signal)))
      return { done: false, reason: 'a write came in between' }
  } catch (error) {
    if (!isRedisError(error)) throw error
    return { done: false, reason: error.message }
  }
  const change = { basis: 'Handover', cause, planned: true, mayBeLostBytes: 0, mayBeLostSeconds: 0 } as const
  const begun = await beginTerm(runtime, store, to, { ...change, knownOffset: undefined }, signal)
  const done = await finishTerm(runtime, begun, engine, to, fenced, signal)
  try {
    await follow(old, primaryEndpoint(from, to, to.address), from.address, login, 'current', { signal })
    await untilServiceLeadsTo(runtime, store, to, done.status?.primary?.runId ?? '', signal)
    // Closed while their writes are still held: none of them is told that it failed and none is lost.
    await closeClients(old, { signal })
    runtime.strays.expect(from.uid)
    await old.call(['CLIENT', 'UNPAUSE'], { signal })
  } catch (error) {
    if (!isRedisError(error)) throw error
  }
  return { done: true, store: done, heldMs: runtime.clock.monotonicMs() - startedMs }
}

const offsetOf = async (connection: RedisConnection, signal: AbortSignal): Promise<number> =>
  parseInfo(await connection.call(['INFO', 'replication'], { signal })).replication.offset

const reaches = async (
  runtime: StoreRuntime,
  connection: RedisConnection,
  offset: number,
  withinMs: number,
  signal: AbortSignal,
): Promise<boolean> => {
  const untilMs = runtime.clock.monotonicMs() + withinMs
  for (;;) {
    if ((await offsetOf(connection, signal)) >= offset) return true
    if (runtime.clock.monotonicMs() >= untilMs) return false
    await runtime.clock.sleep(pollMs, signal)
  }
}

const untilServiceLeadsTo = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  { pod }: AnsweringNode,
  runId: string,
  signal: AbortSignal,
): Promise<void> => {
  const service = runtime.caches.services.get(`${storeNamespace(store)}/${objectNames(storeName(store)).service}`)
  const clusterIp = service?.spec?.clusterIP
  if (clusterIp === undefined) return
  const tls = pod && speaksTls(pod) ? await runtime.certificates.peer(runtime, store, signal) : undefined
  const untilMs = runtime.clock.monotonicMs() + serviceMs
  while (runtime.clock.monotonicMs() < untilMs) {
    if ((await whoServes({ clusterIp, tls }, operatorLogin(runtime, store), signal)) === runId) return
    await runtime.clock.sleep(servicePollMs, signal)
  }
}
