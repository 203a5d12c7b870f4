import type { ReadSessionStore } from '../../api/resources.ts'
import type { SessionStoreStatus } from '../../api/session-store-status.ts'
import { parseDurationMs } from '../../api/values.ts'
import { setCondition } from '../../kubernetes/apply.ts'
import type { Reconcile } from '../../kubernetes/controller.ts'
import { keyOf } from '../../kubernetes/objects.ts'
import { isRedisError } from '../../redis/errors.ts'
import { parseInfo, type Keyspace } from '../../redis/info.ts'
import { sweepTtl } from '../../redis/sweep.ts'
import { presetOf } from '../../sessions/presets.ts'
import { storeUid } from '../names.ts'
import { observe, type ObservedNode } from '../observe.ts'
import { readStore } from '../read-store.ts'
import type { StoreRuntime } from '../runtime.ts'
import { writeStatusPart } from '../write-status-part.ts'
import { policyFinding } from './finding.ts'

/** How often each store is looked at, in ms: `INFO keyspace` costs the server nothing. */
const intervalMs = 30_000
const policyManager = 'session-store-operator-policy'

/** Finds, and when asked corrects, sessions that would live longer than the policy. */
export const policyReconciler =
  (runtime: StoreRuntime): Reconcile =>
  async (name, { signal, log }) => {
    const object = runtime.caches.stores.get(keyOf(name))
    const store = object && object.metadata.deletionTimestamp === undefined ? readStore(object) : 'gone'
    if (typeof store === 'string') return {}
    const { node } = await observe(runtime, store, signal)
    if (!node || node.info.loading) return { requeueAfterMs: intervalMs }
    try {
      const corrected = await enforce(runtime, store, node, signal)
      if (corrected > 0) log.info({ corrected }, 'Gave sessions the time to live that the policy asks for')
      const { keyspace } = parseInfo(await node.connection.call(['INFO', 'keyspace'], { signal }))
      await write(runtime, store, keyspace, corrected, signal)
    } catch (error) {
      if (!isRedisError(error)) throw error
      log.info({ reason: error.message }, 'Redis did not answer; the policy is looked at again later')
    }
    return { requeueAfterMs: intervalMs }
  }

const enforce = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  node: ObservedNode,
  signal: AbortSignal,
): Promise<number> => {
  const { ttl, keyPrefix } = store.spec.sessions
  const { keys, expires } = node.info.keyspace
  if (ttl.enforcement !== 'Enforce' || store.spec.maintenance.paused || keys === 0) return 0
  // Without a maximum, only keys with no time to live need work, and INFO has just said whether there are any.
  if (ttl.max === undefined && keys === expires) return 0
  const limits = {
    defaultMs: parseDurationMs(ttl.default),
    maxMs: ttl.max === undefined ? undefined : parseDurationMs(ttl.max),
  }
  const [uid, generation] = [storeUid(store), store.metadata.generation ?? 0]
  if (!runtime.sweeps.isDue(uid, generation)) return 0
  const { corrected } = await runtime.sweeps.time(
    uid,
    generation,
    async () => await sweepTtl(node.connection, keyPrefix, limits, runtime.clock, { signal }),
  )
  return corrected
}

const write = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  keyspace: Keyspace,
  corrected: number,
  signal: AbortSignal,
) => {
  const before = store.status?.sessions
  const now = runtime.clock.now()
  const counts = {
    live: keyspace.keys,
    immortal: keyspace.keys - keyspace.expires,
    correctedTotal: (before?.correctedTotal ?? 0) + corrected,
  }
  const same =
    before &&
    before.live === counts.live &&
    before.immortal === counts.immortal &&
    before.correctedTotal === counts.correctedTotal
  const finding = policyFinding(store.spec.sessions.ttl, counts, presetOf(store.spec.sessions.client))
  const own = (store.status?.conditions ?? []).filter((condition) => condition.type === 'PolicyMet')
  const status: Partial<SessionStoreStatus> = {
    conditions: [
      ...setCondition(own, { type: 'PolicyMet', ...finding, observedGeneration: store.metadata.generation ?? 0 }, now),
    ],
    sessions: { ...counts, observedAt: same ? before.observedAt : now.toISOString() },
  }
  await writeStatusPart(runtime.client, store, status, policyManager, signal)
  if (finding.status === 'False' && own[0]?.status !== 'False') {
    runtime.events.record(store, { type: 'Warning', reason: finding.reason, message: finding.message })
  }
}
