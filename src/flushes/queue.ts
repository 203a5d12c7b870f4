import type { FlushSessions } from '../api/resources.ts'
import { isFinal, waitsForNodes } from './flush.ts'

/** The flush that this one waits for, or undefined: one per store at a time, in the order of their creation. A dry run waits for none. */
export const aheadOf = (flush: FlushSessions, all: readonly FlushSessions[]): FlushSessions | undefined => {
  if (flush.spec.dryRun === true || isUnderWay(flush)) return undefined
  const others = all.filter(
    (other) =>
      other.metadata.uid !== flush.metadata.uid &&
      other.spec.storeRef.name === flush.spec.storeRef.name &&
      other.spec.dryRun !== true &&
      !isFinal(other.status) &&
      // These may wait for long.
      !waitsForNodes(other) &&
      other.status?.phase !== 'AwaitingApproval' &&
      (isUnderWay(other) || isEarlier(other, flush)),
  )
  return others.toSorted((a, b) => (isEarlier(a, b) ? -1 : 1))[0]
}

/** Its intent is on record. */
const isUnderWay = ({ status }: FlushSessions): boolean =>
  !isFinal(status) && (status?.conditions?.some((each) => each.type === 'Recorded' && each.status === 'True') ?? false)

/** By the second of creation, then by name: every operator decides alike. */
const isEarlier = (a: FlushSessions, b: FlushSessions): boolean => {
  const [at, bt] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  return at === bt ? (a.metadata.name ?? '') < (b.metadata.name ?? '') : at < bt
}
