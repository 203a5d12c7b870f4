import { randomUUID } from 'node:crypto'
import type { KubeConfig } from '@kubernetes/client-node'
import type { Registry } from 'prom-client'
import type { Client } from './client.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Controller } from './controller.ts'
import { Elector } from './elector.ts'
import { type EventRecorder, EventWriter } from './events.ts'
import type { HealthCheck } from './health.ts'
import { Informer, type InformerOptions } from './informer.ts'
import { errorFields, type Logger } from './logger.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import type { KubernetesObject, Resource } from './objects.ts'
import { type Phase, type Probes, serveProbes } from './probes.ts'
import { resourceLabel } from './resource-path.ts'
import { type ApiClient, createClient } from './transport.ts'

export interface ManagerOptions {
  readonly kubeConfig: KubeConfig
  /** What informers watch unless they are told otherwise. */
  readonly namespaces: readonly string[] | 'all'
  /** Names this process to people: the pod's name. A random part is added, so that no two processes share one. */
  readonly identity: string
  /** Names the program in the API server's audit log and in Events, such as `session-store-operator/1.2.0`. */
  readonly userAgent: string
  readonly log: Logger
  /** The Lease that decides who works; `false` for a process that is the only one by other means, such as a test. */
  readonly leaderElection:
    | false
    | {
        readonly namespace: string
        readonly name: string
        readonly leaseDurationMs?: number
        readonly renewDeadlineMs?: number
        readonly retryPeriodMs?: number
      }
  /** Ports to listen on, 0 for any free one; without one nothing is served. */
  readonly healthPort?: number
  readonly metricsPort?: number
  readonly clock?: Clock
  readonly registry?: Registry
  readonly reportingController?: string
  /** How long a stop waits for reconciles before it cuts them short, in ms. Default 30,000 (controller-runtime). */
  readonly drainTimeoutMs?: number
  /** How long a watch may be silent, in ms. Default 90,000. */
  readonly stallMs?: number
}

type Hook = (signal: AbortSignal) => Promise<void> | void

/** What the end of a process may take after reconciles were told to stop, in ms: a hook, or a reconcile that does not listen. */
const hookTimeoutMs = 10_000
const deafReconcileMs = 5000
const flushTimeoutMs = 3000

/** Runs informers and controllers while this process leads, and ends them in order. */
export class Manager {
  readonly identity: string
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  /** Writes only while we lead. */
  readonly client: Client
  readonly events: EventRecorder
  readonly #options: ManagerOptions
  readonly #api: ApiClient
  readonly #electorApi: ApiClient
  readonly #elector: Elector | undefined
  readonly #eventWriter: EventWriter
  readonly #informers = new Map<string, Informer<KubernetesObject>>()
  readonly #controllers: Controller[] = []
  readonly #onLeading: Hook[] = []
  readonly #onStop: Hook[] = []
  readonly #checks: HealthCheck[] = []
  readonly #running: Promise<void>[] = []
  readonly #stopInformers = new AbortController()
  #phase: Phase = 'new'
  #ports: Probes['ports'] | undefined

  constructor(options: ManagerOptions) {
    const { kubeConfig, leaderElection, log, userAgent } = options
    this.#options = options
    this.clock = options.clock ?? systemClock
    this.log = log
    this.metrics = createMetrics(options.registry)
    this.identity = `${options.identity}_${randomUUID()}`
    const { clock, metrics } = this
    this.#api = createClient({
      kubeConfig,
      userAgent,
      clock,
      metrics,
      guard: () => this.#elector?.guard(),
      onWrite: (write) => {
        for (const informer of this.#informers.values()) informer.wrote(write)
      },
    })
    this.client = this.#api
    // its own connections: a pool full of slow requests must not cost us the lease
    this.#electorApi = createClient({ kubeConfig, userAgent, clock, metrics })
    if (leaderElection !== false) {
      const { namespace, name, ...times } = leaderElection
      const lease = { namespace, name }
      const { identity } = this
      this.#elector = new Elector({ client: this.#electorApi, lease, identity, clock, log, metrics, ...times })
    }
    const reportingController = options.reportingController ?? 'sessionstore.dev/operator'
    this.#eventWriter = new EventWriter({
      client: this.#api,
      clock,
      log,
      reportingController,
      reportingInstance: options.identity,
    })
    this.events = this.#eventWriter
  }

  /** The ports that are listened on; undefined before `run` has opened them. */
  get ports(): Probes['ports'] | undefined {
    return this.#ports
  }

  /** The informer of a resource; the same one for all who ask with the same options. */
  informer<T extends KubernetesObject>(resource: Resource<T>, options: Partial<InformerOptions> = {}): Informer<T> {
    const { namespaces, stallMs } = this.#options
    const full = { namespaces, ...(stallMs === undefined ? {} : { stallMs }), ...options }
    const key = JSON.stringify([resourceLabel(resource), resource.version, full])
    const known = this.#informers.get(key)
    if (known) return known as unknown as Informer<T>
    const { clock, log, metrics } = this
    const informer = new Informer(resource, full, { watcher: this.#api, clock, log, metrics })
    this.#informers.set(key, informer as unknown as Informer<KubernetesObject>)
    if (this.#phase === 'leading') this.#running.push(informer.run(this.#stopInformers.signal))
    return informer
  }

  /** Runs `controller` while we lead. Before `run` only. */
  add(controller: Controller): void {
    if (this.#phase !== 'new') throw new Error(`controller ${controller.name}: add it before the manager runs`)
    this.#controllers.push(controller)
  }

  /** Called, and waited for, when we have become the leader and before anything is reconciled. */
  onLeading(hook: Hook): void {
    this.#onLeading.push(hook)
  }

  /** Called when no reconcile runs any more, in reverse order; for at most 10 s each. After a lost lease too. */
  onStop(hook: Hook): void {
    this.#onStop.push(hook)
  }

  /** Makes `/healthz` fail while `check` says what is wrong: only for what a restart would cure. */
  addLivenessCheck(check: HealthCheck): void {
    this.#checks.push(check)
  }

  /** True only while no other process can have taken over. Without leader election always. */
  isLeading(): boolean {
    return this.#elector ? this.#elector.isLeading() : true
  }

  /** Reads the lease live; throws `LeaseLostError` unless it is still ours, `ApiError` when it cannot be read. */
  async confirmLeadership(): Promise<void> {
    await this.#elector?.confirm()
  }

  /**
   * Runs until `signal` aborts, then stops gracefully and resolves. Rejects with `LeaseLostError` when the lease is lost:
   * reconciles are aborted at once, nothing more is written, and the process has to end.
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#phase !== 'new') throw new Error('a manager runs once')
    this.#phase = 'standby'
    const { healthPort, metricsPort } = this.#options
    const probes = await serveProbes({
      healthPort,
      metricsPort,
      registry: this.metrics.registry,
      collect: () => this.#collect(),
      phase: () => this.#phase,
      informers: () => [...this.#informers.values()],
      live: this.#checks,
    })
    this.#ports = probes.ports
    try {
      await this.#lead(signal)
    } finally {
      this.#phase = 'stopped'
      await Promise.allSettled([this.#api.close(), this.#electorApi.close(), probes.close()])
    }
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const elector = this.#elector
    try {
      await elector?.acquire(signal)
    } catch (error) {
      // the lease may have become ours in the very moment of the stop
      await elector?.release()
      if (signal.aborted) return
      throw error
    }
    const stopRenewing = new AbortController()
    const renewing = elector?.renew(stopRenewing.signal)
    const abortWork = new AbortController()
    const stop = new AbortController()
    const lost = elector?.lost
    const onLost = () => {
      // nobody may believe for another tick that he leads
      abortWork.abort(lost?.reason)
      stop.abort()
    }
    const onSignal = () => stop.abort()
    lost?.addEventListener('abort', onLost, { once: true })
    signal.addEventListener('abort', onSignal, { once: true })
    if (signal.aborted) onSignal()
    let failure: unknown
    try {
      await this.#work(stop.signal, abortWork)
    } catch (error) {
      failure = error
      abortWork.abort(error)
    }
    await this.#runHooks()
    if (!lost?.aborted) await this.#eventWriter.flush(flushTimeoutMs)
    stopRenewing.abort()
    await renewing
    await elector?.release()
    signal.removeEventListener('abort', onSignal)
    if (lost?.aborted) throw lost.reason
    if (failure !== undefined) throw failure
  }

  /** Works until `stop` aborts, then drains. */
  async #work(stop: AbortSignal, abortWork: AbortController): Promise<void> {
    const { clock, log } = this
    for (const hook of this.#onLeading) {
      if (stop.aborted) return
      // a hook that does not listen must not keep a leader alive that lost its lease
      await Promise.race([hook(abortWork.signal), untilAborted(abortWork.signal)])
    }
    if (stop.aborted) return
    this.#phase = 'leading'
    for (const informer of this.#informers.values()) this.#running.push(informer.run(this.#stopInformers.signal))
    const controllers = this.#controllers.map((controller) => controller.run(stop, abortWork.signal))
    await untilAborted(stop)
    this.#phase = 'stopping'
    this.#stopInformers.abort()
    log.info({}, 'stopping: waiting for reconciles')
    const cancel = clock.after(this.#options.drainTimeoutMs ?? 30_000, () => {
      log.warn({}, 'stopping: reconciles took too long, cutting them short')
      abortWork.abort(new Error('the process stops'))
    })
    const drained = Promise.all([...controllers, ...this.#running])
    const over = new AbortController()
    const deaf = untilAborted(abortWork.signal).then(() => clock.sleep(deafReconcileMs, over.signal))
    await Promise.race([drained, deaf.catch(() => undefined)])
    over.abort()
    cancel()
    abortWork.abort(new Error('the process stops'))
  }

  async #runHooks(): Promise<void> {
    for (const hook of this.#onStop.toReversed()) {
      const timeout = new AbortController()
      const cancel = this.clock.after(hookTimeoutMs, () => timeout.abort(new Error('the hook took too long')))
      try {
        await Promise.race([hook(timeout.signal), untilAborted(timeout.signal)])
        if (timeout.signal.aborted) this.log.warn({}, 'stopping: a hook took too long')
      } catch (error) {
        this.log.error(errorFields(error), 'stopping: a hook failed')
      } finally {
        cancel()
      }
    }
  }

  #collect(): void {
    for (const informer of this.#informers.values()) informer.collect()
    for (const controller of this.#controllers) controller.queue.collect()
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
