import type { ReadSessionStore } from '../../api/resources.ts'
import type { Condition } from '../../api/values.ts'
import { setCondition } from '../../kubernetes/apply.ts'
import type { Reconcile } from '../../kubernetes/controller.ts'
import { isApiError } from '../../kubernetes/errors.ts'
import { keyOf } from '../../kubernetes/objects.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import { isRedisError } from '../../redis/errors.ts'
import { parseInfo } from '../../redis/info.ts'
import { sampleTtl } from '../../redis/sample-ttl.ts'
import type { SweepResult } from '../../redis/sweep.ts'
import { presetFor } from '../../sessions/presets.ts'
import { storeUid } from '../names.ts'
import { answers, observe, type AnsweringNode } from '../observe.ts'
import { findUndeclared, type PeerFinding } from '../peers/find-undeclared.ts'
import { readStore } from '../read-store.ts'
import type { StoreRuntime } from '../runtime.ts'
import { writeStatusPart } from '../write-status-part.ts'
import { countSessions, isCorrected, type Sessions } from './counts.ts'
import { policyFinding } from './finding.ts'
import { recordEnforcement } from './record-enforcement.ts'
import { acts, hasExempt, sweep } from './sweep.ts'

/** How often each store is looked at, in ms: `INFO keyspace` costs the server nothing. */
const intervalMs = 30_000
const policyManager = 'session-store-operator-policy'

/** Finds, and when asked corrects, what the policy does not allow: sessions that would live too long, and clients that nobody declared. */
export const policyReconciler =
  (runtime: StoreRuntime): Reconcile =>
  async (name, { signal, log }) => {
    const object = runtime.caches.stores.get(keyOf(name))
    const store = object && object.metadata.deletionTimestamp === undefined ? readStore(object) : 'gone'
    if (typeof store === 'string') return {}
    const { node, nodes } = await observe(runtime, store, signal)
    const primary = nodes.filter((each) => answers(each)).find(({ state }) => state.connection === node?.connection)
    if (!primary || primary.state.info.loading) return { requeueAfterMs: intervalMs }
    try {
      // Before the sweep, which may take a minute.
      const peers = await findUndeclared(runtime, store, nodes, signal)
      const { found, failure } = await trySweep(runtime, store, primary, signal)
      if (found && found.corrected + found.ended > 0) log.info({ ...found }, 'A sweep made sessions keep the policy')
      if (failure !== undefined) log.warn({ reason: failure }, 'A sweep did not come to its end')
      const done = runtime.sweeps.unsaid(storeUid(store))
      const { connection, info } = primary.state
      await sample(runtime, store, connection, signal)
      const { keyspace } = parseInfo(await connection.call(['INFO', 'keyspace'], { signal }))
      const { max, absolute } = store.spec.sessions.ttl
      const limits = { exempt: hasExempt(store), max: max !== undefined, absolute: absolute !== undefined }
      const before = store.status?.sessions
      const counted = { keyspace, runId: info.runId, evictedKeys: info.evictedKeys }
      const counts = countSessions(before, counted, { found, done }, { ...limits, now: runtime.clock.now() })
      const recorded = await recordEnforcement(runtime, store, counts, signal)
      await write(runtime, store, recorded, { peers, failure }, signal)
      runtime.sweeps.said(storeUid(store), done)
      tell(runtime, store, done.ended, (counts.evictedTotal ?? 0) - (before?.evictedTotal ?? 0))
    } catch (error) {
      // Deleted in the middle of a look.
      if (isApiError(error, 'notFound')) return { requeueAfterMs: intervalMs }
      if (!isRedisError(error)) throw error
      log.info({ reason: error.message }, 'Redis did not answer; the policy is looked at again later')
    }
    return { requeueAfterMs: intervalMs }
  }

/** What Redis refuses is not known; the rest of the look is of more use. */
const sample = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  connection: RedisConnection,
  signal: AbortSignal,
): Promise<void> => {
  const uid = storeUid(store)
  try {
    runtime.ttlSamples.set(uid, await sampleTtl(connection, store.spec.sessions.keyPrefix, { signal }))
  } catch (error) {
    if (!isRedisError(error, 'denied', 'refused', 'memory', 'busy')) throw error
    runtime.ttlSamples.forget(uid)
  }
}

/** A sweep that Redis refuses is a finding, as long as it answers. One that is cut off (another primary, another password) is made again. */
const trySweep = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  primary: AnsweringNode,
  signal: AbortSignal,
): Promise<{ readonly found?: SweepResult | undefined; readonly failure?: string }> => {
  try {
    return { found: await sweep(runtime, store, primary, signal) }
  } catch (error) {
    if (isRedisError(error, 'denied', 'memory', 'busy', 'refused')) return { failure: error.message }
    if (isRedisError(error)) return {}
    throw error
  }
}

const write = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  sessions: Sessions,
  { peers, failure }: { readonly peers: PeerFinding; readonly failure: string | undefined },
  signal: AbortSignal,
): Promise<void> => {
  const now = runtime.clock.now()
  const counts = {
    immortal: sessions.immortal,
    overMax: sessions.overMax ?? 0,
    tooOld: sessions.tooOld ?? 0,
    corrected: isCorrected(sessions, now),
  }
  const { sessions: wanted } = store.spec
  const findings = [
    {
      type: 'PolicyMet',
      ...policyFinding({ enforcement: wanted.ttl.enforcement, acts: acts(store), failure }, counts, presetFor(wanted)),
    },
    { type: 'ClientsDeclared', ...peers },
  ]
  const observedGeneration = store.metadata.generation ?? 0
  const before = (store.status?.conditions ?? []).filter(({ type }) => findings.some((each) => each.type === type))
  let conditions = before
  for (const finding of findings) conditions = [...setCondition(conditions, { ...finding, observedGeneration }, now)]
  await writeStatusPart(runtime.client, store, { conditions, sessions }, policyManager, signal)
  for (const { type, status, reason, message } of findings)
    if (
      isNews(
        { status, reason },
        before.find((each) => each.type === type),
      )
    )
      runtime.events.record(store, { type: 'Warning', reason, message })
}

/** What a person should hear of when it begins. */
const isNews = (now: Pick<Condition, 'status' | 'reason'>, before: Condition | undefined): boolean =>
  now.status === 'False' ? before?.status !== 'False' : now.reason === 'SweepFailed' && before?.reason !== now.reason

/** People were logged out: that is said, without a number, so that it is one series of events. */
const tell = (runtime: StoreRuntime, store: ReadSessionStore, ended: number, evicted: number): void => {
  if (ended > 0) {
    runtime.events.record(store, {
      type: 'Normal',
      reason: 'SessionsTooOld',
      action: 'SessionsEnded',
      message:
        'Sessions that began longer ago than spec.sessions.ttl.absolute were ended: status.sessions.endedTotal counts them.',
    })
  }
  if (evicted > 0) {
    runtime.events.record(store, {
      type: 'Warning',
      reason: 'SessionsEvicted',
      message:
        'Redis dropped sessions because memory was short, so people were logged out: raise spec.memory.maxmemory. status.sessions.evictedTotal counts them.',
    })
  }
}
