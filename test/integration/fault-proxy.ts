import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { Agent, type Dispatcher } from 'undici'
import { stringify } from 'yaml'
import { systemClock } from '../../src/kubernetes/clock.ts'
import { CredentialSource } from '../../src/kubernetes/credentials.ts'
import { FrozenView, type ListAnswer } from './fault-proxy/frozen-view.ts'
import { isWrite, type Match, matches, requestInfo, type RequestInfo } from './fault-proxy/request-info.ts'
import { WatchSession } from './fault-proxy/watch-session.ts'

/** What befalls a request. */
export type Fault =
  /** Answered by the proxy, never forwarded. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number; readonly message?: string }
  /** The connection breaks: before the request is forwarded, or after it took effect, so that the answer is lost. */
  | { readonly kind: 'reset'; readonly when: 'before' | 'after' }
  /** Taken and never answered. */
  | { readonly kind: 'stall' }
  /**
   * Calls what a test gives: before the request is forwarded, where `drop` breaks the connection instead; or when it took
   * effect but its answer has not been passed on. Kill the client in either: in `before`, and then return `drop`, for the
   * proxy may not have heard yet that its peer is gone.
   */
  | {
      readonly kind: 'hook'
      readonly before?: (info: RequestInfo) => Promise<'drop' | void> | 'drop' | void
      readonly after?: (info: RequestInfo, status: number) => Promise<void> | void
    }

export interface FaultOptions {
  /** How many matching requests it befalls. Default 1. */
  readonly times?: number
  /** From which matching request on, counted from 1 when the fault was set. Default 1. */
  readonly nth?: number
  /** Spare the requests between each this-many-th. Default 1: none. */
  readonly every?: number
}

/** A fault that was set. */
export interface SetFault {
  /** Matching requests so far that no earlier fault has befallen. */
  readonly seen: number
  /** Requests it has befallen. */
  readonly hits: number
  remove(): void
}

/** A write that was forwarded. */
export interface RecordedWrite extends RequestInfo {
  /** Its number, from 0, among all writes. */
  readonly index: number
  readonly body: string
  /** Who sent it. */
  readonly userAgent: string
  /** Undefined while there is no answer. */
  readonly status: number | undefined
}

/** What a test does to the traffic. */
export interface Faults {
  /** Befalls requests yet to come; the first fault that matches wins, and later ones do not count the request. */
  set(match: Match, fault: Fault, options?: FaultOptions): SetFault
  /** The watches that are open now. */
  watches(match: Match): readonly WatchSession[]
  /** From now on LIST and WATCH of a resource show what there is now; its open watches fall silent. GET stays live. */
  freeze(resource: { readonly group: string; readonly version: string; readonly plural: string }): Promise<void>
  /** Ends that: watches of the resource end, and their clients come back to the truth. */
  thaw(resource: { readonly group: string; readonly plural: string }): void
  /** Removes all faults, and thaws. Watches that were told to stall or hold stay so. */
  clear(): void
}

export interface FaultProxy {
  /** Path of a kubeconfig: the target's user, by way of this proxy. */
  readonly kubeconfig: string
  readonly url: string
  readonly faults: Faults
  /** Every write that reached the API server, in order. */
  readonly writes: readonly RecordedWrite[]
  /** Every request that reached the proxy, in order, befallen ones included. */
  readonly requests: readonly RequestInfo[]
  /** Connections that clients have made so far. */
  readonly connections: number
  stop(): Promise<void>
}

interface ActiveFault {
  readonly match: Match
  readonly fault: Fault
  readonly from: number
  readonly every: number
  readonly times: number
  seen: number
  hits: number
}

const labelOf = ({ group, plural }: { readonly group: string; readonly plural: string }): string =>
  group === '' ? plural : `${plural}.${group}`

/**
 * A reverse proxy between a client and the API server, on loopback, that does to the traffic what a test asks. Clients
 * speak HTTP/1.1 without TLS to it; it speaks as whoever the client's own credentials say, or as the target's user.
 * @param options.target path of the kubeconfig of the real API server
 */
export const startFaultProxy = async (options: { readonly target: string }): Promise<FaultProxy> => {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(options.target)
  const { origin, headers: ownHeaders, tls } = await new CredentialSource(kubeConfig, systemClock).get()
  const upstream = new Agent({ connect: { ...tls }, allowH2: false, headersTimeout: 0, bodyTimeout: 0 })

  const active: ActiveFault[] = []
  const writes: (RecordedWrite & { status: number | undefined })[] = []
  const requests: RequestInfo[] = []
  const watches = new Set<WatchSession>()
  const frozen = new Map<string, FrozenView>()

  const faultFor = (info: RequestInfo): ActiveFault | undefined => {
    for (const each of active) {
      if (!matches(each.match, info)) continue
      each.seen += 1
      const due = each.seen >= each.from && (each.seen - each.from) % each.every === 0
      if (!due || each.hits >= each.times) continue
      each.hits += 1
      return each
    }
    return undefined
  }

  const forward = (
    info: RequestInfo,
    request: IncomingMessage,
    body: string,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> => {
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers
    return upstream.request({
      origin,
      path: info.path,
      method: info.method,
      headers: { ...ownHeaders, ...headers },
      ...(body === '' ? {} : { body }),
      signal,
    })
  }

  const passWatch = async (info: RequestInfo, answer: Dispatcher.ResponseData, response: ServerResponse) => {
    const session = new WatchSession(info, response, () => {
      watches.delete(session)
      answer.body.destroy()
    })
    answer.body.on('error', () => undefined)
    response.flushHeaders()
    watches.add(session)
    try {
      let rest = ''
      answer.body.setEncoding('utf8')
      for await (const chunk of answer.body as AsyncIterable<string>) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line !== '') session.receive(line)
      }
      if (watches.has(session)) session.finish()
    } catch {
      // the API server went away, or the session ended the answer itself
      if (watches.has(session)) session.reset()
    } finally {
      watches.delete(session)
    }
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request)
    const info = requestInfo(request.method ?? 'GET', request.url ?? '/', body)
    requests.push(info)
    const fault = faultFor(info)?.fault
    if (fault?.kind === 'status') return answerStatus(response, fault)
    if (fault?.kind === 'stall') return
    if (fault?.kind === 'reset' && fault.when === 'before') return void request.socket.resetAndDestroy()
    const view = info.verb === 'list' || info.verb === 'watch' ? frozen.get(info.resource) : undefined
    if (view) return view.answer(info, response)
    const verdict = fault?.kind === 'hook' ? await fault.before?.(info) : undefined
    if (verdict === 'drop') return void request.socket.resetAndDestroy()
    const userAgent = request.headers['user-agent'] ?? ''
    const record = { ...info, index: writes.length, body, userAgent, status: undefined as number | undefined }
    if (isWrite(info)) writes.push(record)
    // a write, once forwarded, takes its course like one that has reached the API server
    const gone = new AbortController()
    if (!isWrite(info)) response.on('close', () => gone.abort())
    const answer = await forward(info, request, body, gone.signal)
    record.status = answer.statusCode
    const { connection: _, 'transfer-encoding': __, 'content-length': ___, ...headers } = answer.headers
    if (info.verb === 'watch' && answer.statusCode === 200) {
      response.writeHead(answer.statusCode, headers)
      return passWatch(info, answer, response)
    }
    const text = await answer.body.text()
    if (fault?.kind === 'hook') await fault.after?.(info, answer.statusCode)
    if (fault?.kind === 'reset') return void request.socket.resetAndDestroy()
    response.writeHead(answer.statusCode, headers).end(text)
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy())
  })
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const folder = mkdtempSync(join(tmpdir(), 'fault-proxy-'))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigOf(url, kubeConfig.getCurrentUser()?.token ?? ''), { mode: 0o600 })

  const thaw = (label: string) => {
    frozen.get(label)?.thaw()
    frozen.delete(label)
    for (const watch of watches) if (watch.info.resource === label) watch.finish()
  }

  return {
    kubeconfig,
    url,
    writes,
    requests,
    get connections() {
      return connections
    },
    faults: {
      set: (match, fault, { times = 1, nth = 1, every = 1 } = {}) => {
        const entry: ActiveFault = { match, fault, from: nth, every, times, seen: 0, hits: 0 }
        active.push(entry)
        return {
          get seen() {
            return entry.seen
          },
          get hits() {
            return entry.hits
          },
          remove: () => void (active.includes(entry) && active.splice(active.indexOf(entry), 1)),
        }
      },
      watches: (match) => [...watches].filter(({ info }) => matches(match, info)),
      freeze: async (resource) => {
        const root = resource.group === '' ? '/api' : `/apis/${resource.group}`
        const path = `${root}/${resource.version}/${resource.plural}`
        const answer = await upstream.request({ origin, path, method: 'GET', headers: ownHeaders })
        frozen.set(labelOf(resource), new FrozenView((await answer.body.json()) as ListAnswer))
        for (const watch of watches) if (watch.info.resource === labelOf(resource)) watch.mode = 'stall'
      },
      thaw: (resource) => thaw(labelOf(resource)),
      clear: () => {
        active.length = 0
        for (const label of frozen.keys()) thaw(label)
      },
    },
    stop: async () => {
      for (const view of frozen.values()) view.thaw()
      server.closeAllConnections()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      await upstream.destroy()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  request.setEncoding('utf8')
  let body = ''
  for await (const chunk of request as AsyncIterable<string>) body += chunk
  return body
}

const answerStatus = (response: ServerResponse, fault: Extract<Fault, { kind: 'status' }>): void => {
  const { status, retryAfterSeconds, message = 'injected by the fault proxy' } = fault
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
  })
  const reason = status === 410 ? 'Expired' : 'Injected'
  response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code: status }))
}

const kubeconfigOf = (server: string, token: string): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    // client-node takes http only from those who renounce TLS in so many words
    clusters: [{ name: 'proxy', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'user', user: { token } }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'user' } }],
    'current-context': 'proxy',
  })
