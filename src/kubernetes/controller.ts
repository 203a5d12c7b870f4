import type { Clock } from './clock.ts'
import { isApiError, LeaseLostError, TerminalError } from './errors.ts'
import type { Informer } from './informer.ts'
import { errorFields, type Logger } from './logger.ts'
import type { Mapping, ReconcileRequest } from './mapping.ts'
import type { Metrics } from './metrics.ts'
import type { Change } from './object-cache.ts'
import { keyOf, type KubernetesObject, type ObjectName, parseKey } from './objects.ts'
import { type WorkItem, Workqueue } from './workqueue.ts'

export interface ReconcileContext {
  /** Aborts when the lease is lost, or when a stop has waited long enough. */
  readonly signal: AbortSignal
  readonly log: Logger
}

export interface ReconcileResult {
  /** Reconcile again after this time, in ms, even if nothing changes. */
  readonly requeueAfterMs?: number
}

/**
 * Brings one object closer to what is asked of it. It gets a name, never an event: it must look at what is there now.
 * Throwing means "try again later"; a {@link TerminalError}, "not until something changes".
 */
export type Reconcile = (name: ObjectName, context: ReconcileContext) => Promise<ReconcileResult | void>

/** What a controller needs of the process around it; a `Manager` has it. */
export interface ControllerHost {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
}

export interface ControllerOptions {
  /** Label of metrics and logs. */
  readonly name: string
  readonly reconcile: Reconcile
  /** How many objects are reconciled at once. Default 1. */
  readonly concurrency?: number
  readonly manager: ControllerHost
  /** Nothing of ordinary priority begins while this one is at work, for as long as `mostYieldMs`: its objects are waited for by people. */
  readonly yieldsTo?: Pick<Controller, 'idle'>
}

/** How long an object of ordinary priority waits for another controller's work, in ms: what takes longer must not hold up the rest. */
const mostYieldMs = 250

export interface WatchOptions<T> {
  /** Changes that matter; for an update also what was there before. Default: all. */
  readonly when?: (object: T, old: T | undefined) => boolean
}

type Outcome = 'success' | 'requeue_after' | 'error' | 'terminal' | 'stopped'

/** Reconciles the objects of a workqueue with a number of workers; never the same object twice at a time. */
export class Controller {
  readonly name: string
  readonly queue: Workqueue
  readonly #options: ControllerOptions
  readonly #log: Logger
  readonly #informers = new Set<Pick<Informer<KubernetesObject>, 'whenSynced'>>()
  readonly #unsubscribe: (() => void)[] = []
  #active = 0
  #hurry = new AbortController()
  readonly #waiting = new Set<() => void>()

  constructor(options: ControllerOptions) {
    this.name = options.name
    this.#options = options
    const { clock, log, metrics } = options.manager
    this.#log = log.child({ controller: options.name })
    this.queue = new Workqueue({ name: options.name, clock, metrics })
  }

  /** Reconciles what `map` names whenever an object changes; after an update, what it names of the old one too. */
  watch<T extends KubernetesObject>(informer: Informer<T>, map: Mapping<T>, options: WatchOptions<T> = {}): this {
    this.#informers.add(informer)
    const stop = informer.onChange((change: Change<T>) => {
      const old = change.type === 'updated' ? change.old : undefined
      if (options.when && !options.when(change.object, old)) return
      for (const request of map(change.object)) this.enqueue(request)
      for (const request of old ? map(old) : []) this.enqueue(request)
    })
    this.#unsubscribe.push(stop)
    return this
  }

  /** Asks for a reconcile from elsewhere than a watch. */
  enqueue({ priority = 'normal', ...name }: ReconcileRequest): void {
    this.queue.add(keyOf(name), { priority })
    // Its key may be held by a worker that waits for others.
    if (priority === 'high') this.#hurry.abort()
  }

  /**
   * Waits for all informers' first sync, then works until `stop` aborts and what is in hand is finished. `signal` reaches
   * the reconciles: it cuts them short. Never rejects.
   */
  async run(stop: AbortSignal, signal: AbortSignal): Promise<void> {
    const { concurrency = 1, manager } = this.#options
    try {
      for (const informer of this.#informers) await informer.whenSynced(stop)
    } catch {
      await this.queue.shutDown()
      return
    }
    manager.metrics.maxConcurrentReconciles.set({ controller: this.name }, concurrency)
    const workers = Array.from({ length: concurrency }, () => this.#work(signal))
    const shutDown = () => void this.queue.shutDown()
    if (stop.aborted) shutDown()
    else stop.addEventListener('abort', shutDown, { once: true })
    await Promise.all(workers)
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe()
  }

  /** Resolves when nothing is being reconciled, after `mostMs`, or when the signal aborts. */
  async idle(mostMs: number, signal: AbortSignal): Promise<void> {
    if (this.#active === 0) return
    await new Promise<void>((resolve) => {
      const end = () => {
        cancel()
        this.#waiting.delete(end)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const cancel = this.#options.manager.clock.after(mostMs, end)
      this.#waiting.add(end)
      signal.addEventListener('abort', end, { once: true })
    })
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let item = await this.queue.get(); item; item = await this.queue.get()) {
      if (item.priority === 'normal') await this.#yield()
      this.#active += 1
      try {
        await this.#reconcile(item, signal)
      } finally {
        this.queue.done(item.key)
        this.#active -= 1
        if (this.#active === 0) for (const end of this.#waiting) end()
      }
    }
  }

  async #yield(): Promise<void> {
    if (this.#hurry.signal.aborted) this.#hurry = new AbortController()
    await this.#options.yieldsTo?.idle(mostYieldMs, this.#hurry.signal)
  }

  async #reconcile({ key, priority }: WorkItem, signal: AbortSignal): Promise<void> {
    const { manager, reconcile } = this.#options
    const { clock, metrics } = manager
    const controller = this.name
    const name = parseKey(key)
    const log = this.#log.child({
      ...(name.namespace === undefined ? {} : { namespace: name.namespace }),
      name: name.name,
    })
    const startedMs = clock.monotonicMs()
    metrics.activeWorkers.inc({ controller })
    let outcome: Outcome
    try {
      const result = await reconcile(name, { signal, log })
      this.queue.forget(key)
      outcome = result?.requeueAfterMs === undefined ? 'success' : 'requeue_after'
      if (result?.requeueAfterMs !== undefined) this.queue.addAfter(key, result.requeueAfterMs, { priority })
    } catch (error) {
      outcome = this.#digest(error, key, signal, log)
      if (outcome === 'error') this.queue.addRateLimited(key, { priority })
      else if (outcome === 'terminal') this.queue.forget(key)
    }
    metrics.activeWorkers.dec({ controller })
    metrics.reconcileTimeSeconds.observe({ controller }, (clock.monotonicMs() - startedMs) / 1000)
    if (outcome === 'stopped') return
    metrics.reconcileTotal.inc({ controller, result: outcome === 'terminal' ? 'error' : outcome })
    if (outcome === 'terminal') metrics.terminalReconcileErrorsTotal.inc({ controller })
    if (outcome === 'error' || outcome === 'terminal') metrics.reconcileErrorsTotal.inc({ controller })
  }

  /** Logs a failure once, at the level that it deserves. */
  #digest(error: unknown, key: string, signal: AbortSignal, log: Logger): Outcome {
    if (signal.aborted) {
      log.debug(errorFields(error), 'reconcile cut short: the process stops')
      return 'stopped'
    }
    if (error instanceof TerminalError) {
      log.error(errorFields(error), 'reconcile failed, and will not be tried again until something changes')
      return 'terminal'
    }
    if (error instanceof LeaseLostError) {
      log.warn(errorFields(error), 'reconcile refused to write: the lease may be lost')
      return 'error'
    }
    const fields = { ...errorFields(error), failures: this.queue.failures(key) + 1 }
    if (isApiError(error, 'conflict')) {
      log.debug(fields, 'reconcile met a newer state, trying again')
    } else if (isApiError(error, 'retryable')) {
      // the first of a row at warn: an API server that is away for a minute must not fill the log
      if (fields.failures === 1) log.warn(fields, 'reconcile failed for now, trying again')
      else log.debug(fields, 'reconcile failed for now, trying again')
    } else {
      log.error(fields, 'reconcile failed, trying again')
    }
    return 'error'
  }
}
