import type { KubeConfig } from '@kubernetes/client-node'
import { Agent, type Dispatcher, ProxyAgent } from 'undici'
import { errorFromStatus } from './api-status.ts'
import type { Clock } from './clock.ts'
import { type Credentials, CredentialSource } from './credentials.ts'
import { ApiError, LeaseLostError } from './errors.ts'
import type { Metrics } from './metrics.ts'
import { jitteredBackoffMs } from './rate-limit.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  readonly contentType?: string
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
  /** What is asked, for error messages: `get secrets shop/web`. */
  readonly subject: string
  /** Keep the server's words out of errors. */
  readonly secretive?: boolean
}

export interface HttpResponse {
  readonly body: Dispatcher.ResponseData['body']
}

export interface RequesterOptions {
  readonly kubeConfig: KubeConfig
  readonly clock: Clock
  readonly metrics?: Metrics | undefined
  readonly guard?: (() => void) | undefined
  readonly userAgent: string
  readonly random?: () => number
}

/** One attempt's time, in ms, unless the caller says otherwise. */
const defaultTimeoutMs = 10_000
/** Tries of a read, and of anything that the server refused before it worked on it. */
const readAttempts = 4
const refusedAttempts = 6
/** Longest wait that a server may ask of a request, in ms; longer ones are for the caller's own back-off. */
const longestRetryAfterMs = 10_000

/**
 * Sends requests to the API server over connections of its own: one pool for requests, another for watches. Both speak
 * HTTP/1.1, since over HTTP/2 one dead connection would stall all watches and requests together.
 *
 * Reads are tried again after a network error, a 5xx or a 429. Writes only after a 429, which says that the server
 * refused the request before it did anything; a write whose answer was lost may have happened.
 */
export class Requester {
  readonly #options: RequesterOptions
  readonly #credentials: CredentialSource
  #pools: { readonly id: string; readonly requests: Dispatcher; readonly watches: Dispatcher } | undefined

  constructor(options: RequesterOptions) {
    this.#options = options
    this.#credentials = new CredentialSource(options.kubeConfig, options.clock)
  }

  /** The answer's JSON. */
  async send(request: HttpRequest): Promise<unknown> {
    const { clock, random = Math.random } = this.#options
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#attempt(request)
      } catch (error) {
        if (!(error instanceof ApiError) || error.kind !== 'retryable') throw error
        if (error.status === 401) this.#credentials.invalidate()
        const refused = error.status === 429 || (error.status === 401 && attempt === 0)
        const again = refused || (request.method === 'GET' && error.status !== 401 && error.status !== 410)
        if (!again || attempt + 1 >= (refused ? refusedAttempts : readAttempts)) throw error
        const backoffMs = jitteredBackoffMs(attempt, { baseMs: 200, maxMs: 2000, random })
        const waitMs = Math.max(error.retryAfterMs ?? 0, backoffMs)
        if (waitMs > longestRetryAfterMs) throw error
        await clock.sleep(waitMs, request.signal)
      }
    }
  }

  /** The answer's body as it comes, without limit in time; for watches. The caller aborts by the signal. */
  async stream(request: HttpRequest & { readonly signal: AbortSignal }): Promise<HttpResponse> {
    const credentials = await this.#credentials.get()
    const response = await this.#dispatch(this.#poolsFor(credentials).watches, credentials, request, request.signal)
    if (response.statusCode !== 200) throw await this.#errorOf(request, response)
    return { body: response.body }
  }

  async close(): Promise<void> {
    const pools = this.#pools
    this.#pools = undefined
    await Promise.all([pools?.requests.destroy(), pools?.watches.destroy()])
  }

  async #attempt(request: HttpRequest): Promise<unknown> {
    request.signal?.throwIfAborted()
    const controller = new AbortController()
    const timeoutMs = request.timeoutMs ?? defaultTimeoutMs
    const cancelTimer = this.#options.clock.after(timeoutMs, () =>
      controller.abort(
        new ApiError(`${request.subject}: no answer within ${timeoutMs} ms`, { kind: 'retryable', status: 0 }),
      ),
    )
    const abort = () => controller.abort(request.signal?.reason)
    request.signal?.addEventListener('abort', abort, { once: true })
    try {
      const credentials = await this.#credentials.get()
      const response = await this.#dispatch(
        this.#poolsFor(credentials).requests,
        credentials,
        request,
        controller.signal,
      )
      if (response.statusCode >= 300) throw await this.#errorOf(request, response)
      return await response.body.json()
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason
      if (controller.signal.aborted) throw controller.signal.reason
      throw toApiError(request.subject, error)
    } finally {
      cancelTimer()
      request.signal?.removeEventListener('abort', abort)
    }
  }

  async #dispatch(
    dispatcher: Dispatcher,
    credentials: Credentials,
    request: HttpRequest,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const { guard, metrics, userAgent } = this.#options
    const write = request.method !== 'GET'
    if (write) guard?.()
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) query.set(name, String(value))
    }
    const count = (code: string) =>
      metrics?.requestsTotal.inc({ code, method: request.method, host: new URL(credentials.origin).host })
    try {
      const response = await (write && guard ? dispatcher.compose(guarded(guard)) : dispatcher).request({
        origin: credentials.origin,
        path: `${credentials.pathPrefix}${request.path}${query.size > 0 ? `?${query.toString()}` : ''}`,
        method: request.method,
        headers: {
          accept: 'application/json',
          'user-agent': userAgent,
          ...credentials.headers,
          ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        // our own timers and the watch's watchdog replace undici's
        headersTimeout: 0,
        bodyTimeout: 0,
        signal,
      })
      count(String(response.statusCode))
      return response
    } catch (error) {
      count('<error>')
      throw toApiError(request.subject, error)
    }
  }

  async #errorOf(request: HttpRequest, response: Dispatcher.ResponseData): Promise<ApiError> {
    if (response.statusCode === 401) this.#credentials.invalidate()
    const retryAfter = response.headers['retry-after']
    let body: unknown
    try {
      body = await response.body.json()
    } catch {
      // a proxy's error page: its status code says what we need
    }
    return errorFromStatus(request.subject, response.statusCode, body, {
      retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
      secretive: request.secretive ?? false,
    })
  }

  #poolsFor(credentials: Credentials): { readonly requests: Dispatcher; readonly watches: Dispatcher } {
    if (this.#pools?.id === credentials.connectionId) return this.#pools
    const old = this.#pools
    // what is under way on the old connections may end there
    old?.requests.close().catch(() => undefined)
    old?.watches.close().catch(() => undefined)
    this.#pools = {
      id: credentials.connectionId,
      requests: makePool(credentials, 32),
      watches: makePool(credentials, undefined),
    }
    return this.#pools
  }
}

const makePool = (credentials: Credentials, connections: number | undefined): Dispatcher => {
  const common = {
    allowH2: false,
    pipelining: 1,
    // the API server closes idle connections after 90 s (net/http's IdleTimeout there): we must be first
    keepAliveTimeout: 30_000,
    ...(connections === undefined ? {} : { connections }),
  }
  // 30 s as in client-go: it finds a dead peer before a load balancer's usual 60 s forgets the connection
  const connect = { ...credentials.tls, keepAlive: true, keepAliveInitialDelay: 30_000, timeout: defaultTimeoutMs }
  return credentials.proxyUrl === undefined
    ? new Agent({ ...common, connect })
    : new ProxyAgent({ ...common, uri: credentials.proxyUrl, requestTls: credentials.tls })
}

/**
 * Asks the guard once more in the instant before the request is written to the socket: between the call and that
 * instant a connection may have been made, and the process stopped and woken.
 */
const guarded =
  (guard: () => void): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) =>
    dispatch(options, {
      onRequestStart: (controller, context) => {
        handler.onRequestStart?.(controller, context)
        try {
          guard()
        } catch (error) {
          controller.abort(error as Error)
        }
      },
      onRequestUpgrade: (...event) => handler.onRequestUpgrade?.(...event),
      onResponseStart: (...event) => handler.onResponseStart?.(...event),
      onResponseData: (...event) => handler.onResponseData?.(...event),
      onResponseEnd: (...event) => handler.onResponseEnd?.(...event),
      onResponseError: (...event) => handler.onResponseError?.(...event),
    })

const toApiError = (subject: string, error: unknown): Error => {
  if (error instanceof ApiError || error instanceof LeaseLostError) return error
  // the parser's own words quote what it read, which may be a Secret
  if (error instanceof SyntaxError) {
    return new ApiError(`${subject}: the answer is not JSON`, { kind: 'retryable', status: 0 })
  }
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
  const message = error instanceof Error ? error.message : String(error)
  return new ApiError(`${subject}: ${message}${code}`, { kind: 'retryable', status: 0, cause: error })
}
