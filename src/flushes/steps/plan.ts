import { createHash } from 'node:crypto'
import { canonicalize } from '../../audit/canonical.ts'
import { databases } from '../../redis/aside.ts'
import { presetFor } from '../../sessions/presets.ts'
import { pairs } from '../../stores/live-config.ts'
import { storeUid } from '../../stores/names.ts'
import { findVolumeSnapshots } from '../../stores/persistence/volume-snapshots.ts'
import { needsApproval } from '../approval.ts'
import { coolingDown } from '../cooldown.ts'
import { fail, isGuarded, proceed, rotates, setsAside, type Flush, type StepResult } from '../flush.ts'
import { costsOf, guaranteeOf } from '../guarantee.ts'
import { behindEarlier } from '../mark-deletion.ts'
import { beside, onNode, type FlushPrimary } from '../node.ts'
import { restartsOf } from '../restarts.ts'
import type { FlushRuntime } from '../runtime.ts'
import { isFail, resolveScope } from '../scope/scope.ts'
import type { Selection } from '../scope/selection.ts'

/** Keys that `FLUSHDB ASYNC` or our own unlinking frees in a second, at the least (140 k/s by redis-cli, measured). */
const keysPerSecond = 100_000

/** Counts what is in scope and says what it will cost, before anything changes. */
export const plan = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> => {
  const scope = await resolveScope(runtime, flush, signal)
  if (isFail(scope)) return scope
  const { client } = flush.store.spec.sessions
  if (isGuarded(flush.object) && presetFor(flush.store.spec.sessions).reusesIds) {
    return fail(
      'IdsAreReused',
      `${client} takes over the id of an old cookie, so whoever has one could not log in while it is guarded: set spec.guarantee to Fenced and create the flush again`,
    )
  }
  const brings = rotates(flush.object) ? flush.store.spec.clients.find((each) => each.passwordSecret) : undefined
  if (brings) {
    return fail(
      'PasswordBrought',
      `Client ${brings.name} brings its password, in Secret ${brings.passwordSecret?.name ?? ''}: write a new one there and end the old one as docs/credentials.md says, then create the flush again with guarantee: Fenced`,
    )
  }
  const cooling = coolingDown(flush, runtime.flushes.list(flush.object.metadata.namespace), runtime.clock.now())
  if (cooling) return cooling
  return await onNode(runtime, flush, signal, async (node) => {
    const hindrance = setsAside(flush.object) ? await whyNotAside(flush, node, signal) : undefined
    if (hindrance !== undefined) return hindrance
    const behind = await behindEarlier(flush, node.connection, signal)
    if (behind) return behind
    const now = runtime.clock.now()
    const total = node.info.keyspace.keys
    const { matched, undecodable } = flushesDatabase(flush)
      ? { matched: total, undecodable: 0 }
      : await beside(runtime, flush, node, signal, async (connection) =>
          scope.selection.visit(connection, 'count', { signal, keysPerSecond: flush.object.spec.limits.keysPerSecond }),
        )
    const excess = excessOf(flush, matched, undecodable, total) ?? tooSlow(flush, total)
    if (excess) return excess
    flush.status.plan = {
      digest: digest(flush, node, scope.fingerprint),
      matched,
      ...(undecodable > 0 ? { undecodable } : {}),
      percent: matched === 0 ? 0 : Math.min(100, Math.ceil((100 * matched) / total)),
      ...clockOf(flush),
      ...(scope.fingerprint === undefined ? {} : { scopeFingerprint: scope.fingerprint }),
      method: methodOf(flush, scope.selection),
      estimatedSeconds: Math.ceil(flush.drainMs / 1000 + total / rateOf(flush, scope.selection)),
      costs: [...costsOf(flush.object, flush.store, matched), ...(await restartsOf(runtime, flush, signal))],
    }
    if (needsApproval(flush))
      flush.status.plan = {
        ...flush.status.plan,
        costs: [
          ...flush.status.plan.costs,
          'It waits until a second person agrees (spec.flushes.approval of the store)',
        ],
      }
    const snapshots = await findVolumeSnapshots(runtime, flush.store, signal)
    flush.status.guarantee = guaranteeOf(flush.object, flush.store, snapshots)
    flush.set('Planned', 'True', 'Counted', `${matched} sessions in scope`, now)
    return proceed
  })
}

const methodOf = (flush: Flush, { method }: Selection) => {
  if (setsAside(flush.object)) return 'SetAside'
  return flushesDatabase(flush) ? 'FlushDatabase' : method
}

/** Why the store's sessions cannot be put aside, or undefined: before anything changes. */
const whyNotAside = async (
  flush: Flush,
  { connection, replicas }: FlushPrimary,
  signal: AbortSignal,
): Promise<StepResult | undefined> => {
  if (!flushesDatabase(flush))
    return fail(
      'NotConfined',
      'Somebody could once write beside the keyPrefix of this store (status.confined), and that would be put aside as well. Create the flush again with guarantee: Fenced',
    )
  for (const each of [connection, ...replicas.map((replica) => replica.connection)]) {
    const settings = pairs(await each.call(['CONFIG', 'GET', 'databases'], { signal }))
    if (Number(settings.get('databases')) >= databases) continue
    return fail(
      'NoDatabaseAside',
      'A Redis of this store was started with one database, by an earlier version of the operator. Restart its pod, or create the flush again with guarantee: Fenced',
    )
  }
  return undefined
}

const rateOf = (flush: Flush, selection: Selection): number =>
  (methodOf(flush, selection) === 'ScanAndUnlink' ? flush.object.spec.limits.keysPerSecond : undefined) ?? keysPerSecond

/** A fence must not be up for nothing: the deletion, the second pass and the count each go over all keys. */
const tooSlow = (flush: Flush, total: number): StepResult | undefined => {
  const { keysPerSecond: rate, onFenceTimeout, maxFence } = flush.object.spec.limits
  if (isGuarded(flush.object) || flushesDatabase(flush) || rate === undefined || onFenceTimeout === 'Hold')
    return undefined
  const neededMs = flush.drainMs + (3 * total * 1000) / rate
  if (neededMs <= flush.maxFenceMs) return undefined
  return fail(
    'TooSlow',
    `At limits.keysPerSecond (${rate}) the fence would be up for ${Math.ceil(neededMs / 1000)} s, longer than limits.maxFence (${maxFence}): create the flush again with a higher rate, a longer maxFence, or guarantee: Guarded`,
  )
}

/** FLUSHDB deletes everything, so it is exact only where everything is meant, and nobody could ever write outside of the prefix. */
export const flushesDatabase = (flush: Flush): boolean =>
  flush.object.spec.scope.all !== undefined && flush.store.status?.confined?.value === true

/** Why a plan must not be carried out, or undefined: before anything has changed, or in the middle of it. */
export const excessOf = (
  flush: Flush,
  matched: number,
  undecodable: number,
  total?: number,
): StepResult | undefined => {
  const { limits, onUndecodable } = flush.object.spec
  const percent = limits.maxAffectedPercent
  if (percent !== undefined && total !== undefined && matched * 100 > total * percent)
    return fail(
      'TooMany',
      `${matched} of ${total} sessions are in scope, more than limits.maxAffectedPercent (${percent}) allows`,
    )
  if (limits.maxAffected !== undefined && matched > limits.maxAffected)
    return fail(
      'TooMany',
      `${matched} sessions are in scope, more than limits.maxAffected (${limits.maxAffected}) allows`,
    )
  if (onUndecodable === 'Fail' && undecodable > 0) {
    return fail(
      'Undecodable',
      `Of ${undecodable} sessions it cannot be read whether they are in scope: create the flush again with onUndecodable: Revoke to end them as well, or Skip to leave them`,
    )
  }
  return undefined
}

/** What says when sessions began, or were used, and how far that can be trusted. */
const clockOf = ({ object, store }: Flush): Pick<NonNullable<Flush['status']['plan']>, 'clock' | 'confidence'> => {
  const { scope, clock } = object.spec
  const { birth, lastAccess } = presetFor(store.spec.sessions)
  if (scope.createdBefore !== undefined) return { clock: birth?.field ?? '', confidence: 'Exact' }
  if (scope.idleLongerThan === undefined) return {}
  return clock === 'Derived'
    ? { clock: 'OBJECT IDLETIME', confidence: 'Derived' }
    : { clock: lastAccess?.field ?? '', confidence: 'Exact' }
}

/** Binds a plan to what it was made of: the request, the list that it names, the store, how often it was flushed, and the processes that hold the data. */
const digest = (flush: Flush, node: FlushPrimary, scopeFingerprint: string | undefined): string => {
  const { abort: _abort, approval: _approval, ...spec } = flush.object.spec
  const parts = {
    spec,
    storeUid: storeUid(flush.store),
    flushEpoch: flush.store.status?.flushEpoch ?? 0,
    ...(scopeFingerprint === undefined ? {} : { scopeFingerprint }),
    runIds: [node.info.runId, ...node.replicas.map(({ info }) => info.runId).toSorted()],
  }
  return createHash('sha256').update(canonicalize(parts)).digest('hex')
}
