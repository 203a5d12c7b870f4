import { randomBytes } from 'node:crypto'
import type { Client } from './client.ts'
import type { Clock } from './clock.ts'
import { microTime } from './elector.ts'
import { isApiError, LeaseLostError } from './errors.ts'
import { errorFields, type Logger } from './logger.ts'
import type { KubernetesObject, ObjectMeta, Resource } from './objects.ts'
import { TokenBucket } from './rate-limit.ts'

/** What happened, for the people who look at the object. Never a secret, a session id or a key name. */
export interface Occurrence {
  readonly type: 'Normal' | 'Warning'
  /** Why, in CamelCase: `PrimaryPromoted`. */
  readonly reason: string
  /** What was done about it, in CamelCase. Default: the reason. */
  readonly action?: string
  /** At most 1,024 bytes are kept (the API's limit for a note). */
  readonly message: string
}

/** Writes Kubernetes Events. Nothing waits for it and nothing fails by it. */
export interface EventRecorder {
  record(regarding: KubernetesObject, occurrence: Occurrence): void
}

interface Event extends KubernetesObject {
  readonly series?: { readonly count: number; readonly lastObservedTime: string }
}

export const eventResource: Resource<Event> = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
}

export interface EventWriterOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
  /** Such as `sessionstore.dev/operator`. */
  readonly reportingController: string
  readonly reportingInstance: string
}

interface Pending {
  readonly regarding: KubernetesObject
  readonly occurrence: Occurrence
  readonly firstTime: string
  lastTime: string
  lastMs: number
  count: number
  /** The count that the API server knows. */
  written: number
  name: string | undefined
  lastWriteMs: number
}

/** Repeats within this time of the last belong to one series, in ms (client-go's finishTime). */
const seriesMs = 6 * 60_000
/** A series is written again at most this often, in ms: its count may lag, its first and last occurrence do not. */
const seriesWriteMs = 30_000
/** client-go's spam filter: 25 events of one object at once, then one in five minutes. */
const perObject = { burst: 25, perSecond: 1 / 300 }
/** Series held in memory; an older one starts anew. */
const mostSeries = 1000
const mostBytes = 1024

/** Aggregates occurrences into series and writes them one after another, in the background. */
export class EventWriter implements EventRecorder {
  readonly #options: EventWriterOptions
  readonly #series = new Map<string, Pending>()
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #due = new Set<Pending>()
  #writing: Promise<void> | undefined
  #cancelTimer: (() => void) | undefined

  constructor(options: EventWriterOptions) {
    this.#options = options
  }

  record(regarding: KubernetesObject, occurrence: Occurrence): void {
    const { clock } = this.#options
    const nowMs = clock.monotonicMs()
    const now = microTime(clock.now())
    const uid = regarding.metadata.uid ?? `${regarding.kind}/${regarding.metadata.name ?? ''}`
    const key = JSON.stringify([uid, occurrence.type, occurrence.reason, occurrence.action, occurrence.message])
    const known = this.#series.get(key)
    if (known && nowMs - known.lastMs <= seriesMs) {
      known.count += 1
      known.lastMs = nowMs
      known.lastTime = now
      this.#schedule(known)
      return
    }
    if (!this.#allowed(uid)) return
    const fresh: Pending = {
      regarding,
      occurrence,
      firstTime: now,
      lastTime: now,
      lastMs: nowMs,
      count: 1,
      written: 0,
      name: undefined,
      lastWriteMs: -Infinity,
    }
    this.#series.delete(key)
    this.#series.set(key, fresh)
    dropOldest(this.#series, mostSeries)
    this.#schedule(fresh)
  }

  /** Writes what is not written yet, series included, for at most `timeoutMs`; then forgets it all. */
  async flush(timeoutMs: number): Promise<void> {
    this.#cancelTimer?.()
    for (const pending of this.#series.values()) if (pending.count > pending.written) this.#due.add(pending)
    this.#series.clear()
    const controller = new AbortController()
    const written = this.#write(controller.signal)
    const cancel = this.#options.clock.after(timeoutMs, () => controller.abort())
    await written
    cancel()
    this.#due.clear()
  }

  #allowed(uid: string): boolean {
    const bucket = this.#buckets.get(uid) ?? new TokenBucket(this.#options.clock, perObject)
    this.#buckets.delete(uid)
    this.#buckets.set(uid, bucket)
    dropOldest(this.#buckets, mostSeries)
    if (bucket.tryTake()) return true
    this.#options.log.debug({ uid }, 'an event was dropped: too many about this object')
    return false
  }

  #schedule(pending: Pending): void {
    const { clock } = this.#options
    const waitMs = pending.lastWriteMs + seriesWriteMs - clock.monotonicMs()
    if (waitMs <= 0) {
      this.#due.add(pending)
      void this.#write()
      return
    }
    // one timer for all series that wait
    this.#cancelTimer ??= clock.after(waitMs, () => {
      this.#cancelTimer = undefined
      for (const each of this.#series.values()) if (each.count > each.written) this.#schedule(each)
    })
  }

  #write(signal?: AbortSignal): Promise<void> {
    const run = async () => {
      for (const pending of this.#due) {
        if (signal?.aborted) return
        this.#due.delete(pending)
        // It was due twice: while the last write was on its way, and when the rest was written out.
        if (pending.written === pending.count) continue
        await this.#writeOne(pending, signal)
      }
    }
    const after = this.#writing ?? Promise.resolve()
    const mine = after.then(run).finally(() => {
      if (this.#writing === mine) this.#writing = undefined
    })
    this.#writing = mine
    return mine
  }

  async #writeOne(pending: Pending, signal: AbortSignal | undefined): Promise<void> {
    const { client, clock, log } = this.#options
    const { count, lastTime } = pending
    const call = signal ? { signal } : {}
    pending.lastWriteMs = clock.monotonicMs()
    try {
      if (pending.name === undefined) {
        pending.name = (await client.create(eventResource, this.#eventOf(pending), call)).metadata.name
      } else {
        const series = { count, lastObservedTime: lastTime }
        const name = { namespace: namespaceOf(pending.regarding), name: pending.name }
        await client.patch(eventResource, name, { series }, call)
      }
      pending.written = count
    } catch (error) {
      if (isApiError(error, 'notFound')) pending.name = undefined
      if (error instanceof LeaseLostError || signal?.aborted) return
      log.debug({ reason: pending.occurrence.reason, ...errorFields(error) }, 'could not write an event')
    }
  }

  #eventOf({ regarding, occurrence, firstTime, count, lastTime }: Pending): Event & Record<string, unknown> {
    const { apiVersion, kind, metadata } = regarding
    const { reportingController, reportingInstance } = this.#options
    const namespace = namespaceOf(regarding)
    const meta: ObjectMeta = {
      namespace,
      name: `${(metadata.name ?? 'object').slice(0, 200)}.${randomBytes(8).toString('hex')}`,
    }
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: meta,
      eventTime: firstTime,
      ...(count > 1 ? { series: { count, lastObservedTime: lastTime } } : {}),
      type: occurrence.type,
      reason: occurrence.reason,
      action: occurrence.action ?? occurrence.reason,
      note: truncated(occurrence.message),
      reportingController,
      reportingInstance: reportingInstance.slice(0, 128),
      regarding: {
        apiVersion,
        kind,
        name: metadata.name,
        ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
        ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
        ...(metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion }),
      },
    }
  }
}

/** Events about cluster-scoped objects live in `default`. */
const namespaceOf = ({ metadata }: KubernetesObject): string => metadata.namespace ?? 'default'

/** Cuts to the API's limit in bytes, never inside a character. */
const truncated = (message: string): string => {
  const bytes = Buffer.from(message)
  if (bytes.length <= mostBytes) return message
  return `${bytes
    .subarray(0, mostBytes - 3)
    .toString()
    .replace(/\uFFFD+$/, '')}…`
}

/** Maps keep the order of insertion: the first is the oldest. */
const dropOldest = (map: Map<string, unknown>, most: number): void => {
  if (map.size <= most) return
  for (const key of map.keys()) {
    map.delete(key)
    return
  }
}
