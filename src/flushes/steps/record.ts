import type { ReadFlushSessions } from '../../api/resources.ts'
import { storeUid } from '../../stores/names.ts'
import { nameOf } from '../../audit/record-name.ts'
import type { Act } from '../../stores/audit-log.ts'
import { isGuarded, proceed, promiseOf, type Ending, type Flush, type StepResult } from '../flush.ts'
import type { FlushRuntime } from '../runtime.ts'
import { isFail, resolveScope } from '../scope/scope.ts'

type FlushActType = 'FlushIntended' | 'FlushCompleted' | 'FlushFailed' | 'FlushAborted'

/** Puts on record what is about to happen, before the first session goes. */
export const recordIntent = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> => {
  const { plan } = flush.status
  const { limits, onUndecodable, approval } = flush.object.spec
  const scope = await resolveScope(runtime, flush, signal)
  if (isFail(scope)) return scope
  const guarantee = promiseOf(flush.object)
  await append(
    runtime,
    flush,
    'FlushIntended',
    {
      plan,
      limits,
      scope: scope.recorded,
      guarantee,
      onUndecodable,
      approval: flush.is('Approved') ? approval : undefined,
    },
    signal,
  )
  // maxFence counts from here, whatever becomes of the next step.
  if (!isGuarded(flush.object)) flush.status.fence ??= { startedAt: runtime.clock.now().toISOString() }
  flush.set('Recorded', 'True', 'IntentRecorded', 'The intent is in a signed AuditRecord', runtime.clock.now())
  return proceed
}

/** Appends a record of this flush, once, and names it in status. */
export const append = async (
  runtime: FlushRuntime,
  flush: Flush,
  type: FlushActType,
  details: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> => {
  const act = actOf(flush.object, storeUid(flush.store), type, details)
  const { entry, hash } = await runtime.audit.record(act, signal)
  const name = nameOf(entry.storeUid, entry.sequence)
  flush.status.auditRecords = [...new Set([...(flush.status.auditRecords ?? []), name])]
  flush.head = { sequence: entry.sequence, head: hash }
}

/** Records the end of a flush whose store is gone; returns the record's name. */
export const recordEnding = async (
  runtime: FlushRuntime,
  object: ReadFlushSessions,
  ofStoreUid: string,
  outcome: Ending,
  signal: AbortSignal,
): Promise<string> => {
  const { entry } = await runtime.audit.record(actOf(object, ofStoreUid, 'FlushFailed', { outcome }), signal)
  return nameOf(entry.storeUid, entry.sequence)
}

const actOf = (
  { metadata, spec }: ReadFlushSessions,
  ofStoreUid: string,
  type: FlushActType,
  details: Readonly<Record<string, unknown>>,
): Act => {
  const { requestedBy, reason, reference, abort, storeRef } = spec
  const aborted = type === 'FlushAborted' ? abort : undefined
  const by = aborted?.by ?? requestedBy
  return {
    storeUid: ofStoreUid,
    storeName: storeRef.name,
    namespace: metadata.namespace ?? '',
    type,
    subject: { kind: 'FlushSessions', name: metadata.name ?? '', uid: metadata.uid ?? '' },
    requestedBy: {
      username: by?.username ?? '',
      ...(by?.uid === undefined ? {} : { uid: by.uid }),
      groups: [...(by?.groups ?? [])],
    },
    reason: aborted?.reason ?? reason,
    ...(reference === undefined ? {} : { reference }),
    // Through JSON: what is signed is what a reader gets back.
    details: JSON.parse(JSON.stringify(details)) as Act['details'],
  }
}
