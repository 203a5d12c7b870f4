import type { FlushConditionType } from '../api/conditions.ts'
import { isGuarded, rotates, setsAside, type Flush, type StepResult } from './flush.ts'
import type { FlushRuntime } from './runtime.ts'
import { approve } from './steps/approve.ts'
import { deleteStep } from './steps/delete.ts'
import { drain } from './steps/drain.ts'
import { fenceStep } from './steps/fence.ts'
import { guard } from './steps/guard.ts'
import { guardAside } from './steps/guard-aside.ts'
import { plan } from './steps/plan.ts'
import { recordIntent } from './steps/record.ts'
import { replicate } from './steps/replicate.ts'
import { setAsideStep } from './steps/set-aside.ts'
import { rotate } from './steps/rotate.ts'
import { scrub } from './steps/scrub.ts'
import { unfence } from './steps/unfence.ts'
import { verify } from './steps/verify.ts'

/** Does one step of a flush. */
export type Step = (runtime: FlushRuntime, flush: Flush, signal: AbortSignal) => Promise<StepResult>

/** A step, and the condition that it leaves behind. */
export interface Stage {
  readonly done: FlushConditionType
  readonly run: Step
  /** Only of stores that have replicas. */
  readonly replicated?: true
  /** It changes nobody's rights and may take long: a failover must not wait for it. */
  readonly unlocked?: true
}

/** The steps of a flush: each leaves a condition behind, and is skipped when it is there. Every one can be done again. */
const beginning: readonly Stage[] = [
  { done: 'Planned', run: plan, unlocked: true },
  { done: 'Approved', run: approve, unlocked: true },
  { done: 'Recorded', run: recordIntent },
]

const scrubbed: Stage = { done: 'Scrubbed', run: scrub }

/** `settle` sees to it that no request of before can write any more, and that no file has what was deleted. */
const fencing = (...settle: readonly Stage[]): readonly Stage[] => [
  ...beginning,
  { done: 'Fenced', run: fenceStep },
  { done: 'Deleted', run: deleteStep, unlocked: true },
  ...settle,
  { done: 'Verified', run: verify },
  // Who is away may be so for long: people can log in before it is back.
  { done: 'Unfenced', run: unfence, replicated: true },
  { done: 'Replicated', run: replicate, replicated: true },
]

const guarded = (remove: Step, watch: Step): readonly Stage[] => [
  ...beginning,
  { done: 'Deleted', run: remove, unlocked: true },
  { done: 'Guarded', run: watch, unlocked: true },
  { done: 'Verified', run: verify, unlocked: true },
  scrubbed,
  { done: 'Replicated', run: replicate, replicated: true },
]

const fenced = fencing(scrubbed, { done: 'Drained', run: drain })
const rotated = fencing({ done: 'Rotated', run: rotate }, scrubbed)
const some = guarded(deleteStep, guard)
const all = guarded(setAsideStep, guardAside)

/** The steps of a flush, in order. */
export const stagesOf = (flush: Parameters<typeof isGuarded>[0]): readonly Stage[] => {
  if (setsAside(flush)) return all
  if (isGuarded(flush)) return some
  return rotates(flush) ? rotated : fenced
}
