import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/**
 * The runtime's metrics. Names and labels are controller-runtime's and client-go's, so that dashboards and alerts made
 * for Go operators work here (https://book.kubebuilder.io/reference/metrics-reference).
 */
export interface Metrics {
  readonly registry: Registry
  readonly reconcileTotal: Counter<'controller' | 'result'>
  readonly reconcileErrorsTotal: Counter<'controller'>
  readonly terminalReconcileErrorsTotal: Counter<'controller'>
  readonly reconcileTimeSeconds: Histogram<'controller'>
  readonly activeWorkers: Gauge<'controller'>
  readonly maxConcurrentReconciles: Gauge<'controller'>
  readonly queueDepth: Gauge<'name' | 'priority'>
  readonly queueAddsTotal: Counter<'name'>
  readonly queueDurationSeconds: Histogram<'name'>
  readonly queueWorkDurationSeconds: Histogram<'name'>
  readonly queueUnfinishedWorkSeconds: Gauge<'name'>
  readonly queueLongestRunningProcessorSeconds: Gauge<'name'>
  readonly queueRetriesTotal: Counter<'name'>
  readonly requestsTotal: Counter<'code' | 'method' | 'host'>
  readonly leader: Gauge<'name'>
  readonly informerStallsTotal: Counter<'resource'>
  readonly informerListsTotal: Counter<'resource'>
  readonly informerObjects: Gauge<'resource'>
}

/** controller-runtime's buckets for reconcile_time_seconds, thinned: 5 ms to 60 s. */
const reconcileBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** client-go's buckets for the workqueue: powers of ten from 1 µs to 1,000 s, without the three that no timer here resolves. */
const queueBuckets = [0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1000]

/** Makes the runtime's metrics in a registry of its own; nothing is global, so tests do not share counts. */
export const createMetrics = (registry: Registry = new Registry()): Metrics => {
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name, help, labelNames: [...labelNames], registers })
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames: [...labelNames], registers })
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]) =>
    new Histogram<L>({ name, help, labelNames: [...labelNames], buckets, registers })
  return {
    registry,
    reconcileTotal: counter('controller_runtime_reconcile_total', 'Reconciliations, by result.', [
      'controller',
      'result',
    ]),
    reconcileErrorsTotal: counter('controller_runtime_reconcile_errors_total', 'Reconciliations that failed.', [
      'controller',
    ]),
    terminalReconcileErrorsTotal: counter(
      'controller_runtime_terminal_reconcile_errors_total',
      'Reconciliations that failed and are not tried again until the object changes.',
      ['controller'],
    ),
    reconcileTimeSeconds: histogram(
      'controller_runtime_reconcile_time_seconds',
      'Time a reconciliation took.',
      ['controller'],
      reconcileBuckets,
    ),
    activeWorkers: gauge('controller_runtime_active_workers', 'Workers that reconcile now.', ['controller']),
    maxConcurrentReconciles: gauge('controller_runtime_max_concurrent_reconciles', 'Workers there are.', [
      'controller',
    ]),
    queueDepth: gauge('workqueue_depth', 'Keys that wait.', ['name', 'priority']),
    queueAddsTotal: counter('workqueue_adds_total', 'Keys added.', ['name']),
    queueDurationSeconds: histogram(
      'workqueue_queue_duration_seconds',
      'Time a key waited before it was taken.',
      ['name'],
      queueBuckets,
    ),
    queueWorkDurationSeconds: histogram(
      'workqueue_work_duration_seconds',
      'Time a key was worked on.',
      ['name'],
      queueBuckets,
    ),
    queueUnfinishedWorkSeconds: gauge('workqueue_unfinished_work_seconds', 'Time that work in progress has taken.', [
      'name',
    ]),
    queueLongestRunningProcessorSeconds: gauge(
      'workqueue_longest_running_processor_seconds',
      'Time that the longest work in progress has taken.',
      ['name'],
    ),
    queueRetriesTotal: counter('workqueue_retries_total', 'Keys added again after a failure.', ['name']),
    requestsTotal: counter('rest_client_requests_total', 'Requests to the API server.', ['code', 'method', 'host']),
    leader: gauge('leader_election_master_status', 'Whether this process leads (1) or not (0).', ['name']),
    informerStallsTotal: counter('informer_stalls_total', 'Watches cut because nothing came any more.', ['resource']),
    informerListsTotal: counter('informer_lists_total', 'Full lists, the first one included.', ['resource']),
    informerObjects: gauge('informer_objects', 'Objects in the cache.', ['resource']),
  }
}
