import { storeName, storeNamespace, storeUid } from '../../stores/names.ts'
import { nameOf } from '../../audit/record-name.ts'
import type { Act } from '../../stores/audit-log.ts'
import { proceed, type Flush, type StepResult } from '../flush.ts'
import type { FlushRuntime } from '../runtime.ts'

type FlushActType = 'FlushIntended' | 'FlushCompleted' | 'FlushFailed' | 'FlushAborted'

/** Puts on record what is about to happen, before the first session goes. */
export const recordIntent = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> => {
  const { plan } = flush.status
  await append(
    runtime,
    flush,
    'FlushIntended',
    { plan, limits: flush.object.spec.limits, scope: flush.object.spec.scope },
    signal,
  )
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
  const { requestedBy, reason, reference, abort } = flush.object.spec
  const by = type === 'FlushAborted' ? (abort?.by ?? requestedBy) : requestedBy
  const act: Act = {
    storeUid: storeUid(flush.store),
    storeName: storeName(flush.store),
    namespace: storeNamespace(flush.store),
    type,
    subject: { kind: 'FlushSessions', name: flush.object.metadata.name ?? '', uid: flush.uid },
    requestedBy: {
      username: by?.username ?? '',
      ...(by?.uid === undefined ? {} : { uid: by.uid }),
      groups: [...(by?.groups ?? [])],
    },
    reason: type === 'FlushAborted' && abort ? abort.reason : reason,
    ...(reference === undefined ? {} : { reference }),
    // Through JSON: what is signed is what a reader gets back.
    details: JSON.parse(JSON.stringify(details)) as Act['details'],
  }
  const record = await runtime.audit.record(act, signal)
  const name = nameOf(record.entry.storeUid, record.entry.sequence)
  flush.status.auditRecords = [...new Set([...(flush.status.auditRecords ?? []), name])]
  flush.head = { sequence: record.entry.sequence, head: record.hash }
}
