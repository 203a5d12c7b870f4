import type { ReadSessionStore } from '../api/resources.ts'
import { isRedisError } from '../redis/errors.ts'
import { operatorLogin } from './own-credentials.ts'
import { objectNames, storeName, storeNamespace } from './names.ts'
import type { Observed } from './observe.ts'
import { isReplicated } from './topology/replicas.ts'
import { isReady } from './pod-state.ts'
import type { Report } from './report.ts'
import type { StoreRuntime } from './runtime.ts'
import { speaksTls } from './tls/speaks-tls.ts'
import { writeThroughService } from './write-probe.ts'

/** Where a pass ended, and when to look again. */
export type Outcome = { readonly requeueAfterMs: number }

/** How often a store that has nothing to do is looked at, in ms. What changes in Kubernetes is seen at once. */
export const resyncMs = 30_000
/** How soon to look again while something that sends no event is under way, in ms. */
const retryMs = 1_000
/** And while a new Service begins to lead somewhere, which takes a second or two: so often, and for so long. */
const pollMs = 100
const newServiceMs = 30_000

/** Ready means: a write through the Service succeeded, just now. */
export const reportReady = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  report: Report,
  { pod, node }: Observed,
  signal: AbortSignal,
): Promise<Outcome> => {
  const service = runtime.caches.services.get(`${storeNamespace(store)}/${objectNames(storeName(store)).service}`)
  const clusterIp = service?.spec?.clusterIP
  // Of several pods the operator decides who serves, not the kubelet's next probe.
  const served = node && (isReplicated(store) || (pod && isReady(pod)))
  if (!served || clusterIp === undefined) {
    reportStarting(store, report)
    report.set('Ready', 'False', 'PodNotReady', 'Redis runs; waiting for its pod to be ready')
    return { requeueAfterMs: retryMs }
  }
  try {
    runtime.guard()
    const tls = pod && speaksTls(pod) ? await runtime.certificates.peer(runtime, store, signal) : undefined
    await writeThroughService({ clusterIp, tls }, operatorLogin(runtime, store), signal)
  } catch (error) {
    if (!isRedisError(error)) throw error
    const lost = error.kind === 'unreachable' || error.kind === 'notListening'
    if (lost) reportStarting(store, report)
    const reason = error.kind === 'memory' ? 'OutOfMemory' : 'WriteFailed'
    report.set('Ready', 'False', reason, `A write through the Service failed: ${error.message}`)
    if (wasReady(store)) report.set('Degraded', 'True', reason, error.message)
    const ageMs = runtime.clock.now().getTime() - Date.parse(service?.metadata.creationTimestamp ?? '')
    return { requeueAfterMs: lost && ageMs < newServiceMs ? pollMs : retryMs }
  }
  report.set('Ready', 'True', 'WriteSucceeded', 'A write through the Service succeeded')
  if (!report.get('Degraded')) report.set('Degraded', 'False', 'AsExpected', '')
  return { requeueAfterMs: resyncMs }
}

/** True when the last pass found the store Ready. */
export const wasReady = (store: ReadSessionStore): boolean =>
  store.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false

/** Until the first time that a store was Ready, what is not there yet is nothing to worry about. */
const reportStarting = (store: ReadSessionStore, report: Report): void => {
  if (wasReady(store) || report.get('Progressing')?.reason === 'Paused') return
  report.set('Progressing', 'True', 'Starting', 'Waiting for Redis to serve')
}
