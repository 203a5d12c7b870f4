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
import { conclude } from './conclude.ts'
import { ensureFinalizer, removeFinalizer } from './finalizer.ts'
import {
  Flush,
  isFinal,
  isGuarded,
  waitsForNodes,
  type Ending,
  type FlushConditionType,
  type StepResult,
} from './flush.ts'
import { aheadOf } from './queue.ts'
import { unprovenRequester } from './requester.ts'
import type { FlushRuntime } from './runtime.ts'
import { deleteStep } from './steps/delete.ts'
import { drain } from './steps/drain.ts'
import { fenceStep } from './steps/fence.ts'
import { guard } from './steps/guard.ts'
import { plan } from './steps/plan.ts'
import { recordEnding, recordIntent } from './steps/record.ts'
import { scrub } from './steps/scrub.ts'
import { replicate } from './steps/replicate.ts'
import { unfence } from './steps/unfence.ts'
import { verify } from './steps/verify.ts'
import { flushManager, writeStatus } from './write-status.ts'

type Step = (runtime: FlushRuntime, flush: Flush, signal: AbortSignal) => Promise<StepResult>

interface Stage {
  readonly done: FlushConditionType
  readonly run: Step
  /** Only of stores that have replicas. */
  readonly replicated?: true
  /** It changes nobody's rights and may take long: a failover must not wait for it. */
  readonly unlocked?: true
}

/** The steps of a flush: each leaves a condition behind, and is skipped when it is there. Every one can be done again. */
const begin: readonly Stage[] = [
  { done: 'Planned', run: plan, unlocked: true },
  { done: 'Recorded', run: recordIntent },
]

const fencedStages: readonly Stage[] = [
  ...begin,
  { done: 'Fenced', run: fenceStep },
  { done: 'Deleted', run: deleteStep, unlocked: true },
  { done: 'Scrubbed', run: scrub },
  { done: 'Drained', run: drain },
  { done: 'Verified', run: verify },
  // Who is away may be so for long: people can log in before it is back.
  { done: 'Unfenced', run: unfence, replicated: true },
  { done: 'Replicated', run: replicate, replicated: true },
]

const guardedStages: readonly Stage[] = [
  ...begin,
  { done: 'Deleted', run: deleteStep, unlocked: true },
  { done: 'Guarded', run: guard, unlocked: true },
  { done: 'Verified', run: verify, unlocked: true },
  { done: 'Scrubbed', run: scrub },
  { done: 'Replicated', run: replicate, replicated: true },
]

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
  const stopped = flush.status.outcome ?? stop(runtime, flush)
  if (stopped) return await locked(() => end(runtime, flush, stopped, signal))
  const ahead = aheadOf(flush.object, runtime.flushes.list(flush.object.metadata.namespace))
  if (ahead) {
    flush.status.phase = 'Pending'
    flush.set(
      'Planned',
      'False',
      'Queued',
      `FlushSessions ${ahead.metadata.name ?? ''} of the same store goes first`,
      runtime.clock.now(),
    )
    await writeStatus(runtime, flush, signal)
    return { requeueAfterMs: queueMs }
  }
  flush.status.phase = 'Running'
  flush.status.startedAt ??= runtime.clock.now().toISOString()
  for (const step of isGuarded(flush.object) ? guardedStages : fencedStages) {
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
    // Before the intent: whoever deletes the flush from then on waits for its end to be on record.
    if (step.done === 'Recorded') flush.adopt(await ensureFinalizer(runtime.client, flush.object, signal))
    const run = () => step.run(runtime, flush, signal)
    const result = await (step.unlocked ? run() : locked(run))
    if (result.next === 'fail') {
      log.warn({ reason: result.reason }, result.message)
      return await locked(() =>
        end(runtime, flush, { phase: 'Failed', reason: result.reason, message: result.message }, signal),
      )
    }
    // What is on record decides where another process would go on. The plan is written together with the intent: until then nothing has happened.
    if (step.done !== 'Planned' || result.next === 'wait') await writeStatus(runtime, flush, signal)
    if (result.next === 'wait')
      return { requeueAfterMs: Math.max(1, Math.min(result.requeueAfterMs, untilTimeout(runtime, flush))) }
  }
  return await locked(() =>
    end(runtime, flush, { phase: 'Completed', reason: 'Verified', message: verified(flush) }, signal),
  )
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
