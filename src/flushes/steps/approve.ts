import type { Identity } from '../../api/flush-sessions.ts'
import { parseDurationMs } from '../../api/values.ts'
import { needsApproval } from '../approval.ts'
import { fail, proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { unprovenApprover } from '../requester.ts'
import type { FlushRuntime } from '../runtime.ts'
import { plan } from './plan.ts'

/** An approval is an event; what the store asks for may change as well, in ms. */
const lookMs = 30_000

/**
 * Waits for a second person where the store asks for one. What is approved is a plan, by its digest; the plan is made anew then, so that what happens is what
 * was agreed to, however long ago it was counted. While somebody is waited for nothing is counted.
 */
export const approve = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> => {
  if (!needsApproval(flush)) return await withoutApproval(runtime, flush, signal)
  const { approval } = flush.object.spec
  if (approval === undefined) return pending(runtime, flush, 'AwaitingApproval', 'A second person must agree')
  if (approval.planDigest !== flush.status.plan?.digest) return pending(runtime, flush, 'PlanChanged', changed)
  const objection = whyNotBy(flush, approval.by)
  if (objection !== undefined) return pending(runtime, flush, 'ApproverNotAllowed', objection)
  // For good: a policy that is put right afterwards would make a forged name look proven.
  const unproven = await unprovenApprover(runtime.client, flush.object, signal)
  if (unproven !== undefined) return fail('Refused', unproven)
  flush.status.phase = 'AwaitingApproval'
  const planned = await plan(runtime, flush, signal)
  if (planned.next !== 'continue') return planned
  if (approval.planDigest !== flush.status.plan.digest) return pending(runtime, flush, 'PlanChanged', changed)
  const message = `${approval.by?.username ?? ''} agrees`
  flush.set('Approved', 'True', 'Approved', message, runtime.clock.now())
  flush.status.phase = 'Running'
  return proceed
}

const changed = 'The store or its nodes have changed since the plan that was approved'

/** What was waited for and is not asked for any more was counted long ago. */
const withoutApproval = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> => {
  if (!flush.status.conditions?.some(({ type }) => type === 'Approved')) return proceed
  flush.unset('Approved')
  return await plan(runtime, flush, signal)
}

const whyNotBy = ({ object, store }: Flush, by: Identity | undefined): string | undefined => {
  const { requestedBy } = object.spec
  if (by === undefined) return 'It does not say who approved'
  const isSame = by.username === requestedBy?.username || (by.uid !== undefined && by.uid === requestedBy?.uid)
  if (isSame) return `${by.username} has asked for it, and cannot approve it as well`
  const { groups } = store.spec.flushes.approval ?? {}
  if (!groups || by.groups?.some((group) => groups.includes(group))) return undefined
  return `${by.username} is in none of the groups that may (spec.flushes.approval.groups of the store: ${groups.join(', ')})`
}

const pending = (
  runtime: FlushRuntime,
  flush: Flush,
  reason: 'AwaitingApproval' | 'PlanChanged' | 'ApproverNotAllowed',
  why: string,
): StepResult => {
  const { metadata, spec } = flush.object
  const timeout = flush.store.spec.flushes.approval?.timeout ?? ''
  const now = runtime.clock.now()
  const leftMs = Date.parse(metadata.creationTimestamp ?? '') + parseDurationMs(timeout) - now.getTime()
  if (leftMs <= 0)
    return fail(
      'ApprovalTimedOut',
      `Nobody approved it within ${timeout} (spec.flushes.approval.timeout of the store). Nothing was changed.`,
    )
  // Without `by: null` a second one's approval of the same plan would be merged into the first one's, and change nothing.
  const patch = JSON.stringify({ spec: { approval: { planDigest: flush.status.plan?.digest, by: null } } })
  const command = `kubectl patch flushsessions ${metadata.name ?? ''} -n ${metadata.namespace ?? ''} --type=merge -p '${patch}'`
  const { matched = 0, percent = 0 } = flush.status.plan ?? {}
  const what = `${matched} sessions (${percent} %)`
  flush.set(
    'Approved',
    'False',
    reason,
    `${why}. To end ${what}, somebody other than ${spec.requestedBy?.username ?? ''}: ${command}`,
    now,
  )
  flush.status.phase = 'AwaitingApproval'
  flush.progress('AwaitingApproval', 0)
  return wait(Math.min(leftMs, lookMs))
}
