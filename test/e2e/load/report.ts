import type { Acknowledged, FailedAttempt } from './messages.ts'

/**
 * The longest time between two consecutive acknowledged writes, in ms. Each pair of which any part lies between `fromMs`
 * and `toMs` (default: the end) counts in full, so an outage is seen whole however the window was cut. The beginning and
 * the end of the run count as writes: a writer that never wrote again has a gap until it was stopped.
 */
export type Gap = (fromMs: number, toMs?: number) => number

/** What a writer has seen, from its start to its stop. All times are in ms of `monotonicMs`. */
export interface WriterReport {
  readonly startedMs: number
  readonly stoppedMs: number
  /** In the order of `atMs`. */
  readonly acknowledged: readonly Acknowledged[]
  /** In the order of `atMs`. */
  readonly failedAttempts: readonly FailedAttempt[]
  /** How many attempts failed, by reason; see `FailedAttempt.reason`. */
  readonly failures: Readonly<Record<string, number>>
  /** Of all connections together: for how long nobody could log in. */
  readonly gapMs: Gap
  /** Of the connection that fared worst. */
  readonly worstConnectionGapMs: Gap
}

export interface Observed extends Pick<WriterReport, 'startedMs' | 'stoppedMs' | 'acknowledged' | 'failedAttempts'> {
  /** How many connections wrote; one that never succeeded counts too. */
  readonly connections: number
}

export const report = ({ connections, ...observed }: Observed): WriterReport => {
  const { startedMs, stoppedMs, acknowledged, failedAttempts } = observed
  const longest = (writes: readonly Acknowledged[], fromMs: number, toMs: number): number => {
    let longestMs = 0
    let previousMs = startedMs
    for (const atMs of [...writes.map((write) => write.atMs), stoppedMs]) {
      if (atMs > fromMs && previousMs < toMs) longestMs = Math.max(longestMs, atMs - previousMs)
      previousMs = atMs
    }
    return longestMs
  }
  const ofConnections = Array.from({ length: connections }, (_, index) =>
    acknowledged.filter(({ connection }) => connection === index),
  )
  const failures: Record<string, number> = {}
  for (const { reason } of failedAttempts) failures[reason] = (failures[reason] ?? 0) + 1
  return {
    ...observed,
    failures,
    gapMs: (fromMs, toMs = Infinity) => longest(acknowledged, fromMs, toMs),
    worstConnectionGapMs: (fromMs, toMs = Infinity) =>
      Math.max(...ofConnections.map((writes) => longest(writes, fromMs, toMs))),
  }
}
