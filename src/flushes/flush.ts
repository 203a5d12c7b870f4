import type { FlushConditionType, FlushOutcome, FlushReason } from '../api/conditions.ts'
import type { FlushSessionsStatus } from '../api/flush-sessions-status.ts'
import type { SessionStoreStatus } from '../api/session-store-status.ts'
import type { FlushSessions, ReadFlushSessions, ReadSessionStore } from '../api/resources.ts'
import { parseDurationMs, type Condition } from '../api/values.ts'
import { setCondition } from '../kubernetes/apply.ts'
import { canonicalJson } from '../kubernetes/declared.ts'
import type { ResolvedEngine } from '../stores/engines.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** A FlushSessions under way: its spec, its store, and the status that a step leaves behind for the next one, in whatever process. */
export class Flush {
  readonly object: ReadFlushSessions
  /** As this pass knows it. */
  store: ReadSessionStore
  readonly engine: ResolvedEngine
  readonly status: Mutable<FlushSessionsStatus>
  /** The object as this pass read or wrote it last. */
  known: FlushSessions
  /** The newest record of the store's chain that this pass wrote or found. */
  head: SessionStoreStatus['audit']

  constructor(object: ReadFlushSessions, store: ReadSessionStore, engine: ResolvedEngine) {
    this.object = object
    this.store = store
    this.engine = engine
    this.status = { ...object.status }
    this.known = object
  }

  /** Goes on from a newer object when its status is still the one that this pass knows; false when somebody else has written it. */
  adopt(current: FlushSessions): boolean {
    const same =
      current.metadata.uid === this.uid &&
      canonicalJson(current.status ?? {}) === canonicalJson(this.known.status ?? {})
    if (same) this.known = current
    return same
  }

  get uid(): string {
    return this.object.metadata.uid ?? ''
  }

  /** How long requests that were under way are waited for, in ms. */
  get drainMs(): number {
    return rotates(this.object) ? 0 : parseDurationMs(this.object.spec.limits.drain)
  }

  get maxFenceMs(): number {
    return parseDurationMs(this.object.spec.limits.maxFence)
  }

  /** What follows the deletion, as progress calls it. */
  get afterDeletion(): string {
    if (isGuarded(this.object)) return 'Guarding'
    return rotates(this.object) ? 'Rotating' : 'Draining'
  }

  is(type: FlushConditionType): boolean {
    return this.status.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false
  }

  set<T extends FlushConditionType>(
    type: T,
    status: Condition['status'],
    reason: FlushReason<T>,
    message: string,
    now: Date,
  ): void {
    const observedGeneration = this.object.metadata.generation ?? 0
    this.status.conditions = [
      ...setCondition(this.status.conditions ?? [], { type, status, reason, message, observedGeneration }, now),
    ]
  }

  /** Takes a condition away: it says nothing any more. */
  unset(type: FlushConditionType): void {
    this.status.conditions = (this.status.conditions ?? []).filter((condition) => condition.type !== type)
  }

  progress(step: string, percent: number): void {
    this.status.progress = {
      step,
      percent,
      keysRevoked: this.status.nodes?.reduce((sum, node) => sum + node.revoked, 0) ?? 0,
    }
  }
}

/** Where a step ended: go on with the next one, look again later, or the flush cannot succeed. */
export type StepResult =
  | { readonly next: 'continue' }
  | { readonly next: 'wait'; readonly requeueAfterMs: number }
  | { readonly next: 'fail'; readonly reason: FlushOutcome; readonly message: string }

export const proceed: StepResult = { next: 'continue' }
export const wait = (requeueAfterMs: number): StepResult => ({ next: 'wait', requeueAfterMs })
export const fail = (reason: FlushOutcome, message: string): StepResult => ({ next: 'fail', reason, message })

export const isFinal = (status: FlushSessionsStatus | undefined): boolean =>
  status?.phase === 'Completed' || status?.phase === 'Failed' || status?.phase === 'Aborted'

/** How a flush ends. */
export interface Ending {
  readonly phase: 'Completed' | 'Failed' | 'Aborted'
  readonly reason: FlushOutcome
  readonly message: string
}

/** What is promised: as asked for, or by default. */
export const promiseOf = ({ spec }: Pick<FlushSessions, 'spec'>): NonNullable<FlushSessions['spec']['guarantee']> =>
  spec.guarantee ?? (spec.scope.all ? 'Fenced' : 'Guarded')

/** True when nobody is held up, and what was deleted is watched instead. */
export const isGuarded = (flush: Pick<FlushSessions, 'spec'>): boolean => promiseOf(flush) === 'Guarded'

/** True when every client gets a new user, so that nobody has to be waited for. */
export const rotates = (flush: Pick<FlushSessions, 'spec'>): boolean => promiseOf(flush) === 'Rotated'

/** True when every session ends and nobody is held up: all of them are put aside at once. */
export const setsAside = (flush: Pick<FlushSessions, 'spec'>): boolean =>
  isGuarded(flush) && flush.spec.scope.all !== undefined

/** True when the sessions in scope are gone, nobody is held up any more, and only nodes that are away are waited for. */
export const waitsForNodes = ({ spec, status }: Pick<FlushSessions, 'spec' | 'status'>): boolean => {
  const done = isGuarded({ spec }) ? 'Verified' : 'Unfenced'
  return status?.conditions?.some(({ type, status: value }) => type === done && value === 'True') ?? false
}
