import type { Clock } from './clock.ts'
import { DelayQueue } from './delay-queue.ts'
import type { Metrics } from './metrics.ts'
import { ExponentialBackoff, TokenBucket } from './rate-limit.ts'

/** `high` never waits behind `normal`: an incident's flush goes before a thousand resyncs. */
export type Priority = 'high' | 'normal'

export interface AddOptions {
  readonly priority?: Priority
}

/** A key that a worker holds until it calls `done`. */
export interface WorkItem {
  readonly key: string
  readonly priority: Priority
}

export interface WorkqueueOptions {
  /** Label of the metrics. */
  readonly name: string
  readonly clock: Clock
  readonly metrics?: Metrics
  /** Wait after the first failure of a key, in ms. Default 5 (client-go). */
  readonly baseDelayMs?: number
  /**
   * Longest wait between tries of one key, in ms. Default 60,000, not client-go's 1,000 s: what we wait for (a pod, a
   * Redis, an API server) is back within seconds, and a store must not stay broken for a quarter of an hour after its
   * cause is gone. A thousand failing keys cost 17 tries a second then, and the overall bucket below holds them to 10.
   */
  readonly maxDelayMs?: number
  /** Tries of failed keys of normal priority, all keys together. Default 10 per second, burst 100 (client-go). */
  readonly retriesPerSecond?: number
  readonly retryBurst?: number
}

/**
 * client-go's workqueue: a key is queued once however often it is added, is never handed to two workers at once, and
 * when added while a worker holds it, is handed out again after `done`. With a lane for high priority.
 */
export class Workqueue {
  readonly #options: WorkqueueOptions
  readonly #lanes: Readonly<Record<Priority, Set<string>>> = { high: new Set(), normal: new Set() }
  /** Keys that need work, with the highest priority asked for; those not in a lane are held by a worker. */
  readonly #dirty = new Map<string, Priority>()
  readonly #processing = new Map<string, number>()
  readonly #addedMs = new Map<string, number>()
  readonly #delayed: DelayQueue<Priority>
  readonly #backoff: ExponentialBackoff
  readonly #bucket: TokenBucket
  readonly #waiters: ((item: WorkItem | undefined) => void)[] = []
  readonly #drainWaiters: (() => void)[] = []
  #shutDown = false

  constructor(options: WorkqueueOptions) {
    this.#options = options
    this.#delayed = new DelayQueue(options.clock, (key, priority) => this.add(key, { priority }))
    this.#backoff = new ExponentialBackoff(options.baseDelayMs ?? 5, options.maxDelayMs ?? 60_000)
    this.#bucket = new TokenBucket(options.clock, {
      perSecond: options.retriesPerSecond ?? 10,
      burst: options.retryBurst ?? 100,
    })
  }

  /** Keys that wait in a lane; neither those in work nor those delayed. */
  get length(): number {
    return this.#lanes.high.size + this.#lanes.normal.size
  }

  /** Marks `key` as needing work. A key that already waits moves to the higher lane of the two and never back. */
  add(key: string, { priority = 'normal' }: AddOptions = {}): void {
    if (this.#shutDown) return
    const waiting = this.#dirty.get(key)
    if (waiting === 'high' || waiting === priority) return
    this.#dirty.set(key, priority)
    if (waiting === undefined) {
      this.#options.metrics?.queueAddsTotal.inc({ name: this.#options.name })
      this.#addedMs.set(key, this.#options.clock.monotonicMs())
    }
    if (this.#processing.has(key)) return
    this.#lanes.normal.delete(key)
    this.#lanes[priority].add(key)
    this.#handOut()
  }

  /** Adds `key` after `delayMs`. A key waits for one time only, the earliest asked for. */
  addAfter(key: string, delayMs: number, { priority = 'normal' }: AddOptions = {}): void {
    if (this.#shutDown) return
    if (delayMs <= 0) {
      this.add(key, { priority })
      return
    }
    this.#delayed.add(key, this.#delayed.peek(key) === 'high' ? 'high' : priority, delayMs)
  }

  /**
   * Adds `key` after its back-off, for a failed try. Normal keys also wait for the overall bucket; high ones do not, for
   * else a thousand failing stores would hold up the retry of a flush by minutes.
   */
  addRateLimited(key: string, { priority = 'normal' }: AddOptions = {}): void {
    if (this.#shutDown) return
    this.#options.metrics?.queueRetriesTotal.inc({ name: this.#options.name })
    const ownMs = this.#backoff.next(key)
    this.addAfter(key, priority === 'high' ? ownMs : Math.max(ownMs, this.#bucket.reserve()), { priority })
  }

  /** The key did well: its next failure starts from the shortest back-off. */
  forget(key: string): void {
    this.#backoff.forget(key)
  }

  /** Failures of `key` since it was last forgotten. */
  failures(key: string): number {
    return this.#backoff.failures(key)
  }

  /** The next key, waited for; undefined once the queue is shut down. The caller owes a `done`. */
  get(): Promise<WorkItem | undefined> {
    if (this.#shutDown) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#waiters.push(resolve)
      this.#handOut()
    })
  }

  /** The worker has finished with `key`, well or not. */
  done(key: string): void {
    const startedMs = this.#processing.get(key)
    if (startedMs === undefined) return
    this.#processing.delete(key)
    const { metrics, name, clock } = this.#options
    metrics?.queueWorkDurationSeconds.observe({ name }, (clock.monotonicMs() - startedMs) / 1000)
    const priority = this.#dirty.get(key)
    if (priority !== undefined) {
      this.#lanes[priority].add(key)
      this.#handOut()
    }
    if (this.#processing.size === 0) for (const wake of this.#drainWaiters.splice(0)) wake()
  }

  /**
   * Hands out nothing more and drops what waits: reconciling is level-triggered, so the next leader finds it again.
   * Resolves when the keys in work are done.
   */
  shutDown(): Promise<void> {
    this.#shutDown = true
    this.#delayed.clear()
    for (const lane of Object.values(this.#lanes)) lane.clear()
    this.#dirty.clear()
    this.#reportDepth()
    for (const wake of this.#waiters.splice(0)) wake(undefined)
    if (this.#processing.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#drainWaiters.push(resolve)
    })
  }

  /** Brings the gauges that grow by themselves up to date; called before a scrape. */
  collect(): void {
    const { metrics, name, clock } = this.#options
    if (!metrics) return
    const now = clock.monotonicMs()
    const seconds = [...this.#processing.values()].map((startedMs) => (now - startedMs) / 1000)
    metrics.queueUnfinishedWorkSeconds.set(
      { name },
      seconds.reduce((sum, each) => sum + each, 0),
    )
    metrics.queueLongestRunningProcessorSeconds.set({ name }, Math.max(0, ...seconds))
  }

  #handOut(): void {
    while (this.#waiters.length > 0) {
      const priority: Priority = this.#lanes.high.size > 0 ? 'high' : 'normal'
      const [key] = this.#lanes[priority]
      if (key === undefined) break
      this.#lanes[priority].delete(key)
      this.#dirty.delete(key)
      const { metrics, name, clock } = this.#options
      const now = clock.monotonicMs()
      this.#processing.set(key, now)
      metrics?.queueDurationSeconds.observe({ name }, (now - (this.#addedMs.get(key) ?? now)) / 1000)
      this.#addedMs.delete(key)
      this.#waiters.shift()?.({ key, priority })
    }
    this.#reportDepth()
  }

  #reportDepth(): void {
    const { metrics, name } = this.#options
    metrics?.queueDepth.set({ name, priority: 'high' }, this.#lanes.high.size)
    metrics?.queueDepth.set({ name, priority: 'normal' }, this.#lanes.normal.size)
  }
}
