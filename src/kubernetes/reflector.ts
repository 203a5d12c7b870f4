import type { Clock } from './clock.ts'
import { ApiError, isApiError } from './errors.ts'
import { errorFields, type Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import type { ObjectCache } from './object-cache.ts'
import type { KubernetesObject, Resource } from './objects.ts'
import { jitteredBackoffMs } from './rate-limit.ts'
import { resourceLabel } from './resource-path.ts'
import { compareResourceVersions } from './stored-object.ts'
import type { Selection, Watcher } from './watch-stream.ts'

export interface ReflectorOptions<T extends KubernetesObject> {
  readonly watcher: Watcher
  readonly resource: Resource<T>
  readonly selection: Selection
  readonly cache: ObjectCache<T>
  readonly clock: Clock
  readonly log: Logger
  readonly metrics?: Metrics | undefined
  readonly random?: (() => number) | undefined
  /** See {@link defaultStallMs}. */
  readonly stallMs?: number | undefined
  /** Called when the cache has been filled, and when it is clear that it cannot be for now. */
  readonly onSettled: () => void
}

/**
 * The API server sends a bookmark about each minute when asked for them (cacher.go, `defaultBookmarkFrequency`), so a
 * watch on which nothing came for 90 s has lost its peer, in ms.
 */
export const defaultStallMs = 90_000
/** Waits between tries, in ms: client-go's reflector. */
const backoff = { baseMs: 800, maxMs: 30_000 }
/** A watch that the server ends sooner than this, in ms, counts as failed: else it would be a busy loop. */
const briefWatchMs = 1000
/** How often a list older than what we know is refused before storage must have gone back in time (a restored etcd). */
const staleListsBeforeReset = 5
/** Stalls in a row after which we list anew: a version from the future is answered by silence. */
const stallsBeforeList = 2
const listTimeoutMs = 30_000

/** Keeps one cache like the API server's state: lists, watches, and starts over as often as it takes. */
export class Reflector<T extends KubernetesObject> {
  readonly #options: ReflectorOptions<T>
  readonly #label: string
  #resumable = false
  #watchList = true
  #synced = false
  #stalls = 0
  #staleLists = 0
  #problem: string | undefined
  #denied = false
  #lastStepMs: number

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#label = resourceLabel(options.resource)
    this.#lastStepMs = options.clock.monotonicMs()
  }

  /** The cache was filled once. */
  get synced(): boolean {
    return this.#synced
  }

  /** The API server says that there is nothing here that we may see. */
  get denied(): boolean {
    return this.#denied
  }

  /** Why the watch does not run now; undefined while it does. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** When the loop last did anything, failing included, on the monotonic clock. Older than minutes: it hangs. */
  get lastStepMs(): number {
    return this.#lastStepMs
  }

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, random = Math.random } = this.#options
    let failures = 0
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs()
      let progress = false
      try {
        this.#step()
        for await (const _ of this.#listAndWatch(signal)) {
          this.#step()
          progress = true
        }
        if (signal.aborted) return
        if (clock.monotonicMs() - startedMs >= briefWatchMs) continue
        throw new ApiError(`watch ${this.#label}: ended at once`, { kind: 'retryable', status: 0 })
      } catch (error) {
        if (signal.aborted) return
        this.#step()
        if (progress && clock.monotonicMs() - startedMs >= briefWatchMs) failures = 0
        failures += 1
        if (this.#digest(error, failures)) continue
        const asked = isApiError(error) ? (error.retryAfterMs ?? 0) : 0
        const waitMs = Math.max(Math.min(asked, backoff.maxMs), jitteredBackoffMs(failures - 1, { ...backoff, random }))
        log.debug({ ...errorFields(error), failures, waitMs }, 'the watch failed, trying again')
        await clock.sleep(waitMs, signal).catch(() => undefined)
      }
    }
  }

  #step(): void {
    this.#lastStepMs = this.#options.clock.monotonicMs()
  }

  /** Takes note of a failure; true when the next try need not wait. */
  #digest(error: unknown, failures: number): boolean {
    const { log, metrics, selection } = this.#options
    const apiError = isApiError(error) ? error : undefined
    const where = { resource: this.#label, namespace: selection.namespace }
    if (apiError?.reason === 'Stalled') {
      this.#stalls += 1
      metrics?.informerStallsTotal.inc({ resource: this.#label })
      log.info(where, 'the watch fell silent, connecting again')
      // a server that does not know WatchList may also just stay silent
      if (!this.#resumable) this.#watchList = false
      if (this.#stalls >= stallsBeforeList) this.#resumable = false
      return true
    }
    this.#stalls = 0
    if (apiError?.status === 410) {
      this.#resumable = false
      // the first relist is due at once; a server that answers every list with 410 must not be hammered
      return failures === 1
    }
    if (apiError?.kind === 'invalid' && !this.#resumable && this.#watchList) {
      log.debug(where, 'the API server has no WatchList, listing by pages')
      this.#watchList = false
      return true
    }
    const problem = error instanceof Error ? error.message : String(error)
    this.#denied = isApiError(error, 'forbidden', 'notFound')
    if (this.#denied) {
      if (this.#problem === undefined) log.warn({ ...where, problem }, 'may not watch here; goes on trying')
      this.#options.onSettled()
    } else if (!apiError) {
      log.error({ ...where, ...errorFields(error) }, 'the informer failed by itself')
    } else if (failures === 3) {
      log.warn({ ...where, problem }, 'cannot watch; goes on trying')
    }
    this.#problem = problem
    return false
  }

  /** Yields after each thing that the server said. */
  async *#listAndWatch(signal: AbortSignal): AsyncGenerator<void> {
    const { cache, random = Math.random, resource, selection, stallMs = defaultStallMs, watcher } = this.#options
    let initial: Map<string, T> | undefined
    if (!this.#resumable) {
      this.#options.metrics?.informerListsTotal.inc({ resource: this.#label })
      if (this.#watchList) initial = new Map()
      else yield* this.#list(signal)
    }
    const events = watcher.watch(resource, {
      ...selection,
      // spread over a minute, so that watches opened together are not all reopened together
      timeoutSeconds: Math.round(240 + 60 * random()),
      stallMs,
      signal,
      ...(initial ? { initialEvents: true } : { resourceVersion: cache.resourceVersion }),
    })
    for await (const { type, object } of events) {
      if (signal.aborted) return
      this.#stalls = 0
      if (!initial) {
        if (type === 'BOOKMARK') cache.advance(object.metadata.resourceVersion)
        else cache.observe(type, object)
        this.#problem = undefined
      } else if (type === 'BOOKMARK') {
        if (object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true') {
          this.#fill([...initial.values()], object.metadata.resourceVersion ?? '')
          initial = undefined
        }
      } else {
        const key = `${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`
        if (type === 'DELETED') initial.delete(key)
        else initial.set(key, object)
      }
      yield
    }
    if (initial) throw new ApiError(`watch ${this.#label}: ended early`, { kind: 'retryable', status: 0 })
  }

  async *#list(signal: AbortSignal): AsyncGenerator<void> {
    const { resource, selection, watcher } = this.#options
    const items: T[] = []
    let token: string | undefined
    let resourceVersion = ''
    do {
      const page = await watcher.listPage(resource, { ...selection, continue: token, signal, timeoutMs: listTimeoutMs })
      if (signal.aborted) return
      items.push(...page.items)
      resourceVersion = page.resourceVersion
      token = page.continue
      this.#step()
    } while (token !== undefined)
    this.#fill(items, resourceVersion)
    yield
  }

  #fill(items: readonly T[], resourceVersion: string): void {
    const { cache, log } = this.#options
    const stale = (compareResourceVersions(resourceVersion, cache.resourceVersion) ?? 0) < 0
    if (stale) {
      this.#staleLists += 1
      if (this.#staleLists < staleListsBeforeReset) {
        throw new ApiError(`list ${this.#label}: answered with a state older than one already seen`, {
          kind: 'retryable',
          status: 0,
        })
      }
      log.warn(
        { resource: this.#label },
        'the API server went back in time (a restored etcd?): starting from its state',
      )
    }
    this.#staleLists = 0
    cache.replace(items, resourceVersion, { reset: stale })
    this.#resumable = true
    this.#problem = undefined
    this.#denied = false
    if (!this.#synced) {
      this.#synced = true
      this.#options.onSettled()
    }
  }
}
