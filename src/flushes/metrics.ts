import { Gauge, type Registry } from 'prom-client'
import type { FlushSessions } from '../api/resources.ts'

const isTrue = ({ status }: FlushSessions, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false

const seconds = (time: string | undefined): number | undefined =>
  time === undefined ? undefined : Date.parse(time) / 1000

const isFinal = ({ status }: FlushSessions): boolean => ['Completed', 'Failed', 'Aborted'].includes(status?.phase ?? '')

const awaitsApproval = ({ status }: FlushSessions): boolean => status?.phase === 'AwaitingApproval'

/** A dry run ends no session, and its failure leaves none behind. */
const ended = ({ spec, status }: FlushSessions, phase: string): boolean => status?.phase === phase && !spec.dryRun

/** Each with the time it says of one flush, in s since 1970; undefined: nothing. */
const metrics: readonly (readonly [name: string, help: string, of: (flush: FlushSessions) => number | undefined])[] = [
  [
    'flushsessions_unfinished_since_timestamp_seconds',
    'When a FlushSessions was created that has not ended yet, and waits for no second person.',
    (flush) => (isFinal(flush) || awaitsApproval(flush) ? undefined : seconds(flush.metadata.creationTimestamp)),
  ],
  [
    'flushsessions_awaiting_approval_since_timestamp_seconds',
    'When a FlushSessions was created that waits for a second person.',
    (flush) => (awaitsApproval(flush) ? seconds(flush.metadata.creationTimestamp) : undefined),
  ],
  [
    'flushsessions_fence_since_timestamp_seconds',
    'Since when a FlushSessions has held writes back: nobody can log in.',
    (flush) => (isFinal(flush) || isTrue(flush, 'Unfenced') ? undefined : seconds(flush.status?.fence?.startedAt)),
  ],
  [
    'flushsessions_failed_timestamp_seconds',
    'When a FlushSessions failed: what it was to end may go on.',
    (flush) => (ended(flush, 'Failed') ? seconds(flush.status?.finishedAt) : undefined),
  ],
  [
    'flushsessions_completed_timestamp_seconds',
    'When a FlushSessions completed, verified.',
    (flush) => (ended(flush, 'Completed') ? seconds(flush.status?.finishedAt) : undefined),
  ],
]

/** Registers what is known of each FlushSessions, read from the cache at each scrape. */
export const registerFlushMetrics = (registry: Registry, flushes: () => readonly FlushSessions[]): void => {
  for (const [name, help, of] of metrics) {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames: ['namespace', 'name', 'store'],
        registers: [],
        collect() {
          this.reset()
          for (const flush of flushes()) {
            const value = of(flush)
            const { namespace = '', name: flushName = '' } = flush.metadata
            if (value !== undefined) this.set({ namespace, name: flushName, store: flush.spec.storeRef.name }, value)
          }
        },
      }),
    )
  }
}
