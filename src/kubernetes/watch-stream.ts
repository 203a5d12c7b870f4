import { StringDecoder } from 'node:string_decoder'
import { errorFromStatus } from './api-status.ts'
import type { Clock } from './clock.ts'
import { ApiError } from './errors.ts'
import type { KubernetesObject, Resource } from './objects.ts'
import type { HttpRequest, Requester } from './requester.ts'

export interface Selection {
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
}

export interface ListPage<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string
  readonly continue: string | undefined
}

/** What a watch tells. `BOOKMARK` says only how far the watch has come. */
export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: KubernetesObject }

/** What an informer needs of the API server. */
export interface Watcher {
  /** One page of a consistent list, as stored. */
  listPage<T extends KubernetesObject>(
    resource: Resource<T>,
    options: Selection & {
      readonly limit?: number
      readonly continue?: string | undefined
      readonly signal?: AbortSignal
      readonly timeoutMs?: number
    },
  ): Promise<ListPage<T>>
  /**
   * Watches, with bookmarks, until the server ends it (the generator returns) or it fails (it throws `ApiError`, status
   * 410 when `resourceVersion` is too old). `reason` is `Stalled` after `stallMs` without a byte.
   */
  watch<T extends KubernetesObject>(
    resource: Resource<T>,
    options: Selection & {
      readonly resourceVersion?: string | undefined
      /** WatchList: first what there is, then a bookmark annotated `k8s.io/initial-events-end`, then changes. */
      readonly initialEvents?: boolean
      readonly timeoutSeconds: number
      readonly stallMs: number
      readonly signal: AbortSignal
    },
  ): AsyncGenerator<WatchEvent<T>>
}

interface StreamOptions {
  readonly requester: Requester
  readonly request: HttpRequest
  readonly clock: Clock
  readonly stallMs: number
  readonly signal: AbortSignal
}

/** Reads a watch's answer, one JSON document a line. */
export async function* watchEvents<T extends KubernetesObject>(options: StreamOptions): AsyncGenerator<WatchEvent<T>> {
  const { requester, request, clock, stallMs, signal } = options
  const controller = new AbortController()
  const abort = () => controller.abort(signal.reason)
  if (signal.aborted) throw signal.reason
  signal.addEventListener('abort', abort, { once: true })
  const watchdog = startWatchdog(clock, stallMs, () =>
    controller.abort(
      new ApiError(`${request.subject}: nothing came for ${stallMs} ms`, {
        kind: 'retryable',
        status: 0,
        reason: 'Stalled',
      }),
    ),
  )
  try {
    const { body } = await requester.stream({ ...request, signal: controller.signal })
    // characters may be cut in two by chunks
    const decoder = new StringDecoder('utf8')
    let rest = ''
    for await (const chunk of body as AsyncIterable<Buffer>) {
      watchdog.seen()
      const text = decoder.write(chunk)
      if (!text.includes('\n')) {
        rest += text
        continue
      }
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') yield parseEvent<T>(request.subject, line)
    }
  } catch (error) {
    if (controller.signal.aborted) throw controller.signal.reason
    if (error instanceof ApiError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new ApiError(`${request.subject}: ${message}`, { kind: 'retryable', status: 0, cause: error })
  } finally {
    watchdog.stop()
    signal.removeEventListener('abort', abort)
  }
}

const parseEvent = <T extends KubernetesObject>(subject: string, line: string): WatchEvent<T> => {
  let event: { readonly type: string; readonly object: T }
  try {
    event = JSON.parse(line) as typeof event
  } catch {
    throw new ApiError(`${subject}: an event is not JSON`, { kind: 'retryable', status: 0 })
  }
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return { type: event.type, object: event.object }
    default: {
      // ERROR carries a Status, whose code stands where the HTTP status would
      const code = (event.object as { readonly code?: unknown } | undefined)?.code
      throw errorFromStatus(subject, typeof code === 'number' ? code : 500, event.object)
    }
  }
}

/** Calls `bite` when `seen` was not called for `ms`; one timer, however many chunks come. */
const startWatchdog = (clock: Clock, ms: number, bite: () => void): { seen: () => void; stop: () => void } => {
  let lastMs = clock.monotonicMs()
  let cancel: () => void = () => undefined
  const arm = () => {
    const leftMs = lastMs + ms - clock.monotonicMs()
    if (leftMs <= 0) bite()
    else cancel = clock.after(leftMs, arm)
  }
  arm()
  return {
    seen: () => {
      lastMs = clock.monotonicMs()
    },
    stop: () => cancel(),
  }
}
