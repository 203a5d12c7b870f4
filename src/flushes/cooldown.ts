import { parseDurationMs } from '../api/values.ts'
import type { FlushSessions } from '../api/resources.ts'
import { fail, type Flush, type StepResult } from './flush.ts'

/**
 * Why everybody must not be logged out again so soon, or undefined. By the store's status, and by the flushes that are there: one that waits for a node that is away has logged
 * everybody out, and has not ended.
 */
export const coolingDown = (flush: Flush, all: readonly FlushSessions[], now: Date): StepResult | undefined => {
  const { object, store } = flush
  const { cooldown } = store.spec.flushes
  if (!object.spec.scope.all || object.spec.limits.ignoreCooldown || cooldown === undefined) return undefined
  const times = [store.status?.everybodyFlushedAt, ...all.map((other) => verifiedAt(flush, other))]
  const agoMs = Math.min(...times.flatMap((at) => (at === undefined ? [] : [now.getTime() - Date.parse(at)])))
  if (agoMs >= parseDurationMs(cooldown)) return undefined
  return fail(
    'CoolingDown',
    `Everybody was logged out ${Math.round(agoMs / 1000)} s ago, and spec.flushes.cooldown of the store is ${cooldown}. If it is meant, create the flush again with limits.ignoreCooldown: true`,
  )
}

/** When another flush of the store had ended every session, or undefined. */
const verifiedAt = ({ object, uid }: Flush, { metadata, spec, status }: FlushSessions): string | undefined => {
  if (metadata.uid === uid || spec.storeRef.name !== object.spec.storeRef.name || !spec.scope.all) return undefined
  return status?.conditions?.find((each) => each.type === 'Verified' && each.status === 'True')?.lastTransitionTime
}
