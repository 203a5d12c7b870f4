import type { SessionStoreStatus } from '../../api/session-store-status.ts'
import type { Keyspace } from '../../redis/info.ts'
import type { SweepResult } from '../../redis/sweep.ts'
import type { Tally } from './sweeps.ts'

export type Sessions = NonNullable<SessionStoreStatus['sessions']>

/** So long after a sweep had to set or shorten times to live the application is said not to keep the policy by itself, in ms. */
const correctedForMs = 3_600_000

/** What a server says of its keys. */
export interface Counted {
  readonly keyspace: Keyspace
  readonly runId: string
  readonly evictedKeys: number
}

export interface CountOptions {
  /** Keys without an end may be right, so Redis' own count says how many there are at most. */
  readonly exempt: boolean
  /** There is such a limit. */
  readonly max: boolean
  readonly absolute: boolean
  readonly now: Date
}

/** What sweeps saw and did since the counts of before. */
export interface Swept {
  /** Of one that came to its end; undefined: there was none. */
  readonly found: SweepResult | undefined
  readonly done: Tally
}

/** The counts of now, from those of before, what Redis counts and what sweeps found and did. */
export const countSessions = (
  before: Sessions | undefined,
  { keyspace: { keys, expires }, runId, evictedKeys }: Counted,
  { found, done }: Swept,
  { exempt, max, absolute, now }: CountOptions,
): Sessions => {
  const withoutEnd = keys - expires
  const acted = found !== undefined && found.corrected + found.ended > 0
  const left = found && (acted ? 0 : found.immortal)
  const counts = {
    live: keys,
    immortal: exempt ? Math.min(left ?? before?.immortal ?? 0, withoutEnd) : withoutEnd,
    overMax: max && keys > 0 ? (found?.overMax ?? before?.overMax ?? 0) : 0,
    tooOld: absolute && keys > 0 ? (found?.tooOld ?? before?.tooOld ?? 0) : 0,
    correctedTotal: (before?.correctedTotal ?? 0) + done.corrected,
    endedTotal: (before?.endedTotal ?? 0) + done.ended,
    evictedTotal: (before?.evictedTotal ?? 0) + newlyEvicted(before?.evictedSeen, { runId, evictedKeys }),
  }
  const correctedAt = done.corrected > 0 ? now.toISOString() : before?.correctedAt
  const same =
    before !== undefined &&
    Object.entries(counts).every(([name, count]) => count === (before[name as keyof typeof counts] ?? 0))
  return {
    ...counts,
    ...(correctedAt === undefined ? {} : { correctedAt }),
    evictedSeen: { runId, count: evictedKeys },
    ...(before?.recorded ? { recorded: before.recorded } : {}),
    observedAt: same ? before.observedAt : now.toISOString(),
  }
}

/** Another process may have been the primary before, and its count is known already: what it evicted before the first look is not counted. */
const newlyEvicted = (
  seen: Sessions['evictedSeen'],
  { runId, evictedKeys }: Pick<Counted, 'runId' | 'evictedKeys'>,
): number => {
  if (!seen) return evictedKeys
  return seen.runId === runId ? Math.max(0, evictedKeys - seen.count) : 0
}

export const isCorrected = ({ correctedAt }: Sessions, now: Date): boolean =>
  correctedAt !== undefined && now.getTime() - Date.parse(correctedAt) < correctedForMs
