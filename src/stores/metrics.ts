import { Gauge, type Registry } from 'prom-client'
import type { SessionStore } from '../api/resources.ts'
import { parseBytes } from '../api/values.ts'
import { ttlBounds, type TtlSample } from '../redis/sample-ttl.ts'

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number | undefined]

/** A metric of every store: its labels beside `namespace` and `name`, and what one store says. */
interface StoreMetric {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
  readonly of: (store: SessionStore, ttl: TtlSample | undefined) => readonly Sample[]
}

const one = (value: number | undefined): readonly Sample[] => [[{}, value]]
const seconds = (time: string | undefined): number | undefined =>
  time === undefined ? undefined : Date.parse(time) / 1000

/** Of all sessions, from what is known of some. `+Inf` has those without an end too. */
const byTtl = (live: number, sample: TtlSample | undefined): readonly Sample[] => {
  if (!sample) return []
  const all = (count: number) => (sample.looked === 0 ? 0 : Math.round((live * count) / sample.looked))
  const bounds = ttlBounds.map((bound, index): Sample => [{ le: String(bound) }, all(sample.within[index] ?? 0)])
  return [...bounds, [{ le: '+Inf' }, all(sample.looked)]]
}

// Totals are kept in status, so they outlive the process: to Prometheus they are counters all the same, but prom-client's Counter cannot be set.
const metrics: readonly StoreMetric[] = [
  {
    name: 'sessionstore_condition',
    help: 'Conditions of the store, as in its status: 1 for the status that it has.',
    labels: ['type', 'status', 'reason'],
    of: ({ status }) =>
      (status?.conditions ?? []).map(({ type, status: value, reason }) => [
        { type, status: value.toLowerCase(), reason },
        1,
      ]),
  },
  { name: 'sessionstore_sessions', help: 'Keys in the database.', of: ({ status }) => one(status?.sessions?.live) },
  {
    name: 'sessionstore_sessions_immortal',
    help: 'Keys without a time to live that should have one.',
    of: ({ status }) => one(status?.sessions?.immortal),
  },
  {
    name: 'sessionstore_sessions_over_max',
    help: 'Keys with more time to live than ttl.max, when a sweep last looked.',
    of: ({ status }) => one(status?.sessions?.overMax),
  },
  {
    name: 'sessionstore_sessions_by_ttl',
    help: 'About how many sessions have no more time to live than `le`, in s: each counts those of the one before. By a look at some, every half minute.',
    labels: ['le'],
    of: ({ status }, ttl) => byTtl(status?.sessions?.live ?? 0, ttl),
  },
  {
    name: 'sessionstore_ttl_corrections_total',
    help: 'Times to live that sweeps have set or shortened.',
    of: ({ status }) => one(status?.sessions?.correctedTotal),
  },
  {
    name: 'sessionstore_sessions_ended_total',
    help: 'Sessions that sweeps have ended because of ttl.absolute.',
    of: ({ status }) => one(status?.sessions?.endedTotal),
  },
  {
    name: 'sessionstore_sessions_evicted_total',
    help: 'Sessions that Redis dropped for lack of memory.',
    of: ({ status }) => one(status?.sessions?.evictedTotal),
  },
  {
    name: 'sessionstore_maxmemory_bytes',
    help: 'What spec.memory.maxmemory asks for.',
    of: ({ spec }) => one(parseBytes(spec.memory.maxmemory)),
  },
  {
    name: 'sessionstore_node_memory_used_bytes',
    help: "Memory that a node's Redis uses, in whole MiB.",
    labels: ['node', 'role'],
    of: ({ status }) =>
      (status?.nodes ?? []).map(({ name, role, usedMemoryBytes }) => [{ node: name, role }, usedMemoryBytes]),
  },
  {
    name: 'sessionstore_primary_changes_total',
    help: 'Changes of the primary of a Replicated store (its term).',
    of: ({ status }) => one(status?.primary?.term),
  },
  {
    name: 'sessionstore_unaccounted_processes',
    help: 'Redis processes whose pods are gone without proof that they ended.',
    of: ({ status }) => one(status?.unaccounted?.length ?? 0),
  },
  {
    name: 'sessionstore_credential_changed_timestamp_seconds',
    help: "When a client's password last changed.",
    labels: ['client'],
    of: ({ status }) => (status?.credentials ?? []).map(({ client, since }) => [{ client }, seconds(since)]),
  },
  {
    name: 'sessionstore_certificate_not_after_timestamp_seconds',
    help: "When the servers' certificate ends.",
    of: ({ status }) => one(seconds(status?.tls?.notAfter)),
  },
  {
    name: 'sessionstore_flush_epoch',
    help: 'Flushes that have completed.',
    of: ({ status }) => one(status?.flushEpoch),
  },
]

/**
 * Registers what is known of each store: read from the cache at each scrape, so it costs neither Redis nor the API server anything. Only the leader has a cache, so
 * only one process has these.
 */
export const registerStoreMetrics = (
  registry: Registry,
  stores: () => readonly SessionStore[],
  ttl: { readonly get: (storeUid: string) => TtlSample | undefined },
): void => {
  for (const { name, help, labels = [], of } of metrics) {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames: ['namespace', 'name', ...labels],
        registers: [],
        collect() {
          this.reset()
          for (const store of stores()) {
            const { namespace = '', name: storeName = '', uid = '' } = store.metadata
            for (const [more, value] of of(store, ttl.get(uid)))
              if (value !== undefined) this.set({ namespace, name: storeName, ...more }, value)
          }
        },
      }),
    )
  }
}
