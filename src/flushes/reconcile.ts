import { flushSessionsSpec } from '../api/flush-sessions.ts'
import { flushSessions, sessionStores, type FlushSessions, type ReadFlushSessions } from '../api/resources.ts'
import { parseDurationMs } from '../api/values.ts'
import { placeOf } from '../audit/record-name.ts'
import { applyStatus, setCondition } from '../kubernetes/apply.ts'
import type { Reconcile, ReconcileResult } from '../kubernetes/controller.ts'
import { isApiError } from '../kubernetes/errors.ts'
import type { Logger } from '../kubernetes/logger.ts'
import { nameOf, type ObjectName } from '../kubernetes/objects.ts'
import { pinnedEngine, resolveEngine } from '../stores/engines.ts'
import { storeUid } from '../stores/names.ts'
import { readStore } from '../stores/read-store.ts'
import { isReplicated } from '../stores/topology/replicas.ts'
import { needsApproval } from './approval.ts'
import { coolingDown } from './cooldown.ts'
import { conclude } from './conclude.ts'
import { ensureFinalizer, removeFinalizer } from './finalizer.ts'
import { Flush, isFinal, isGuarded, wait, waitsForNodes, type Ending, type StepResult } from './flush.ts'
import { aheadOf } from './queue.ts'
import { unprovenRequester } from './requester.ts'
import type { FlushRuntime } from './runtime.ts'
import { recordEnding } from './steps/record.ts'
import { stagesOf, type Step } from './stages.ts'
import { flushManager, writeStatus } from './write-status.ts'

/** A queued flush is looked at again this often, in ms, beside the event that the one ahead of it sends. */
const queueMs = 5_000
/** A finished flush is looked at this often, in ms, for the end of its `ttlAfterFinished`. */
const finishedMs = 3_600_000

/** Carries a FlushSessions out. */
export const flushReconciler =
  (runtime: FlushRuntime): Reconcile =>
  async (name, { signal, log }) => {
    const object = await readLive(runtime, name, signal)
    if (!object) return {}
    if (isFinal(object.status)) return await finished(runtime, object, signal)
    const flush = await open(runtime, object, signal)
    if (typeof flush === 'string') return await reject(runtime, object, flush, signal)
    return await advance(runtime, flush, log, signal)
  }

/** A cache may be old, and an old flush that seems new would delete twice: what a flush decides by is read live. */
const readLive = async (
  runtime: FlushRuntime,
  name: ObjectName,
  signal: AbortSignal,
): Promise<ReadFlushSessions | undefined> => {
  try {
    const object = await runtime.client.get(flushSessions, name, { signal })
    return { ...object, spec: flushSessionsSpec.parse(object.spec) }
  } catch (error) {
    if (isApiError(error, 'notFound')) return undefined
    throw error
  }
}

/** The flush with its store, both read live; a string says why it can never be carried out. */
const open = async (runtime: FlushRuntime, object: ReadFlushSessions, signal: AbortSignal): Promise<Flush | string> => {
  const unproven = object.status?.plan ? undefined : await unprovenRequester(runtime.client, object, signal)
  if (unproven !== undefined) return unproven
  const { name } = object.spec.storeRef
  const namespace = object.metadata.namespace ?? ''
  try {
    const store = readStore(await runtime.client.get(sessionStores, { namespace, name }, { signal }))
    if (typeof store === 'string') return `SessionStore ${name} cannot be read: ${store}`
    const begun = placeOf(object.status?.auditRecords?.[0] ?? '')
    if (begun && begun.storeUid !== storeUid(store))
      return `SessionStore ${name} was deleted, and another one made in its place: create the flush again for that one`
    // What runs is what was pinned, whatever was written into the spec since.
    const engine = begun
      ? (pinnedEngine(store) ?? resolveEngine(store, runtime.engines))
      : resolveEngine(store, runtime.engines)
    return typeof engine === 'string' ? engine : new Flush(object, store, engine)
  } catch (error) {
    if (isApiError(error, 'notFound'))
      return `There is no SessionStore ${name} in namespace ${namespace}: correct spec.storeRef.name and create the flush again`
    throw error
  }
}

/** Takes as many steps as it can, and writes status when it must wait. */
const advance = async (
  runtime: FlushRuntime,
  flush: Flush,
  log: Logger,
  signal: AbortSignal,
): Promise<ReconcileResult> => {
  const locked = <T>(work: () => Promise<T>) => runtime.lock.run(storeUid(flush.store), work)
  // What status says was written by us.
  const stopped = (flush.status.outcome as Ending | undefined) ?? stop(runtime, flush)
  if (stopped) return await locked(() => end(runtime, flush, stopped, signal))
  if (isQueued(runtime, flush, runtime.flushes.list(flush.object.metadata.namespace))) {
    await writeStatus(runtime, flush, signal)
    return { requeueAfterMs: queueMs }
  }
  flush.status.phase = 'Running'
  flush.status.startedAt ??= runtime.clock.now().toISOString()
  for (const step of stagesOf(flush.object)) {
    if (flush.is(step.done) || (step.replicated && !isReplicated(flush.store))) continue
    if (step.done !== 'Planned' && flush.object.spec.dryRun)
      return await locked(() =>
        end(
          runtime,
          flush,
          { phase: 'Completed', reason: 'DryRun', message: 'Planned and counted; nothing was changed' },
          signal,
        ),
      )
    const run = () =>
      step.done === 'Recorded' ? begin(runtime, flush, step.run, signal) : inTime(runtime, flush, step.run, signal)
    const result = await (step.unlocked ? run() : locked(run))
    if (result.next === 'fail') {
      log.warn({ reason: result.reason }, result.message)
      return await locked(() =>
        end(runtime, flush, { phase: 'Failed', reason: result.reason, message: result.message }, signal),
      )
    }
    // What is on record decides where another process would go on. The plan is written together with the intent: until then nothing has happened.
    const written = ['Planned', 'Approved', 'Recorded'].includes(step.done) && result.next === 'continue'
    if (!written) await writeStatus(runtime, flush, signal)
    if (result.next === 'wait')
      return { requeueAfterMs: Math.max(1, Math.min(result.requeueAfterMs, untilTimeout(runtime, flush))) }
  }
  return await locked(() =>
    end(runtime, flush, { phase: 'Completed', reason: 'Verified', message: verified(flush) }, signal),
  )
}

/** True, and said in status, while another flush of the store goes first. */
const isQueued = (runtime: FlushRuntime, flush: Flush, all: readonly FlushSessions[]): boolean => {
  const ahead = aheadOf(flush.object, all)
  if (!ahead) return false
  const message = `FlushSessions ${ahead.metadata.name ?? ''} of the same store goes first`
  flush.status.phase = 'Pending'
  delete flush.status.plan
  // Another plan will be made, and what was agreed to is this one.
  flush.unset('Approved')
  flush.set('Planned', 'False', 'Queued', message, runtime.clock.now())
  return true
}

/**
 * Puts the intent on record, with the store's lock, and writes status before anybody else gets it: the cache may not have had a flush that was made in the same
 * second, and a plan takes a while.
 */
const begin = async (runtime: FlushRuntime, flush: Flush, record: Step, signal: AbortSignal): Promise<StepResult> => {
  const namespace = flush.object.metadata.namespace ?? ''
  const all = await runtime.client.list(flushSessions, { namespace, signal })
  if (isQueued(runtime, flush, all)) return wait(queueMs)
  const cooling = coolingDown(flush, all, runtime.clock.now())
  if (cooling) return cooling
  // Whatever led here: no plan goes on record but the one that was agreed to.
  if (needsApproval(flush) && flush.object.spec.approval?.planDigest !== flush.status.plan?.digest) {
    flush.unset('Approved')
    return wait(1)
  }
  // Before the intent: whoever deletes the flush from then on waits for its end to be on record.
  flush.adopt(await ensureFinalizer(runtime.client, flush.object, signal))
  const result = await record(runtime, flush, signal)
  if (result.next === 'continue') await writeStatus(runtime, flush, signal)
  return result
}

/** The longest time that a timer takes, in ms. */
const longestMs = 2 ** 31 - 1

/** Does a step, and breaks it off when `maxFence` is over: a look at millions of sessions must not hold writes back longer. */
const inTime = async (runtime: FlushRuntime, flush: Flush, run: Step, signal: AbortSignal): Promise<StepResult> => {
  const leftMs = flush.is('Verified') ? Number.POSITIVE_INFINITY : untilTimeout(runtime, flush)
  if (leftMs > longestMs) return await run(runtime, flush, signal)
  const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(leftMs)))
  try {
    return await run(runtime, flush, AbortSignal.any([signal, timeout]))
  } catch (error) {
    if (!timeout.aborted || signal.aborted) throw error
    return wait(1)
  }
}

const verified = ({ object }: Flush): string =>
  isGuarded(object) ? 'No session in scope that was there is left' : 'No session in scope is left'

/** Why a flush must not go on, or undefined. What is verified is finished, whatever was asked since; but nobody has to wait for a node for ever. */
const stop = (runtime: FlushRuntime, flush: Flush): Ending | undefined => {
  const { metadata, spec } = flush.object
  const waits = waitsForNodes({ spec, status: flush.status }) && !flush.is('Replicated') && isReplicated(flush.store)
  if (flush.is('Verified') && !waits) return undefined
  if (spec.abort) return { phase: 'Aborted', reason: 'Aborted', message: `Aborted: ${spec.abort.reason}` }
  if (metadata.deletionTimestamp !== undefined)
    return { phase: 'Aborted', reason: 'Deleted', message: 'The FlushSessions was deleted before it had finished' }
  if (!waits && spec.limits.onFenceTimeout === 'Release' && untilTimeout(runtime, flush) <= 0) {
    return {
      phase: 'Failed',
      reason: 'FenceTimeout',
      message: `Writes were refused for limits.maxFence (${spec.limits.maxFence}) and the flush was not done: released. Create another one.`,
    }
  }
  return undefined
}

const untilTimeout = (runtime: FlushRuntime, flush: Flush): number => {
  const startedAt = flush.status.fence?.startedAt
  const held = startedAt !== undefined && !flush.is('Unfenced')
  if (!held || flush.object.spec.limits.onFenceTimeout === 'Hold') return Number.POSITIVE_INFINITY
  return Date.parse(startedAt) + flush.maxFenceMs - runtime.clock.now().getTime()
}

const end = async (
  runtime: FlushRuntime,
  flush: Flush,
  ending: Ending,
  signal: AbortSignal,
): Promise<ReconcileResult> => {
  if (!flush.status.outcome) {
    // The decision stands before anything is done about it: a process that takes over must not decide again, with the fence down.
    flush.status.outcome = ending
    const undone = flush.is('Verified') ? 'Replicated' : 'Verified'
    if (ending.phase !== 'Completed') flush.set(undone, 'False', ending.reason, ending.message, runtime.clock.now())
    if (flush.is('Recorded')) await writeStatus(runtime, flush, signal)
  }
  const result = await conclude(runtime, flush, ending, signal)
  await writeStatus(runtime, flush, signal)
  if (result.next === 'wait') return { requeueAfterMs: result.requeueAfterMs }
  await removeFinalizer(runtime.client, flush.object, signal)
  return { requeueAfterMs: 1 }
}

/** A flush that cannot be carried out. When it had begun (its store was deleted meanwhile), the chain of its store gets its end. */
const reject = async (
  runtime: FlushRuntime,
  object: ReadFlushSessions,
  message: string,
  signal: AbortSignal,
): Promise<ReconcileResult> => {
  const now = runtime.clock.now()
  const ending: Ending = { phase: 'Failed', reason: 'Refused', message }
  const begun = placeOf(object.status?.auditRecords?.[0] ?? '')
  const auditRecords = [...(object.status?.auditRecords ?? [])]
  if (begun) auditRecords.push(await recordEnding(runtime, object, begun.storeUid, ending, signal))
  const type = begun ? 'Verified' : 'Planned'
  const observedGeneration = object.metadata.generation ?? 0
  const conditions = setCondition(
    object.status?.conditions ?? [],
    { type, status: 'False', reason: ending.reason, message, observedGeneration },
    now,
  )
  const status = { ...object.status, phase: ending.phase, conditions, auditRecords, finishedAt: now.toISOString() }
  await applyStatus(runtime.client, flushSessions, object, status, flushManager, { ifUnchanged: true, signal })
  runtime.events.record(object, { type: 'Warning', reason: ending.reason, message })
  await removeFinalizer(runtime.client, object, signal)
  return { requeueAfterMs: 1 }
}

const finished = async (
  runtime: FlushRuntime,
  object: ReadFlushSessions,
  signal: AbortSignal,
): Promise<ReconcileResult> => {
  await removeFinalizer(runtime.client, object, signal)
  const endMs = Date.parse(object.status?.finishedAt ?? '') + parseDurationMs(object.spec.ttlAfterFinished)
  const leftMs = endMs - runtime.clock.now().getTime()
  if (leftMs > 0) return { requeueAfterMs: Math.min(leftMs, finishedMs) }
  const { uid } = object.metadata
  await runtime.client.delete(flushSessions, nameOf(object as FlushSessions), {
    signal,
    ...(uid === undefined ? {} : { uid }),
  })
  return {}
}
