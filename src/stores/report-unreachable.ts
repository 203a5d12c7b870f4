import type { ReadSessionStore } from '../api/resources.ts'
import { isRedisError } from '../redis/errors.ts'
import type { Observed } from './observe.ts'
import { podTrouble } from './pod-state.ts'
import { resyncMs, wasReady, type Outcome } from './readiness.ts'
import type { Report } from './report.ts'
import { unusableMs } from './tls/ensure-certificate.ts'
import { noPrimaryMs } from './topology/keep-primary.ts'
import { isReplicated } from './topology/replicas.ts'

/** Why nothing could be made: only a person can help. */
const waitsForPerson = ['NameTaken', 'Rejected', 'CertificateUnusable'] as const

/** Says why no Redis answers, and when to look again. */
export const reportUnreachable = (store: ReadSessionStore, { nodes, nodeError }: Observed, report: Report): Outcome => {
  const blocked = report.get('Progressing')
  const waits = waitsForPerson.find((reason) => reason === blocked?.reason)
  if (blocked && waits) {
    report.set('Ready', 'False', waits, blocked.message)
    return { requeueAfterMs: waits === 'CertificateUnusable' ? unusableMs : resyncMs }
  }
  const trouble = nodes.map((node) => node.pod && podTrouble(node.pod)).find((each) => each !== undefined)
  if (trouble) {
    report.set('Ready', 'False', trouble.reason, trouble.message)
    report.set('Degraded', 'True', trouble.reason, trouble.message)
    return { requeueAfterMs: resyncMs }
  }
  if (wasReady(store) && !report.get('Degraded'))
    report.set('Degraded', 'True', 'RedisUnreachable', nodeError?.message ?? 'The pod does not run')
  report.set('Progressing', 'True', 'Starting', 'Waiting for Redis to start')
  // Who keeps the primary has said why there is none.
  if (isReplicated(store)) return { requeueAfterMs: nodes.length > 0 ? noPrimaryMs : resyncMs }
  if (nodeError) {
    report.set('Ready', 'False', 'RedisUnreachable', `Redis does not serve the operator: ${nodeError.message}`)
    return { requeueAfterMs: isRedisError(nodeError, 'denied') ? resyncMs : 1000 }
  }
  report.set('Ready', 'False', 'PodNotRunning', 'Waiting for the pod to run')
  return { requeueAfterMs: resyncMs }
}
