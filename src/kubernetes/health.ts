import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'

/** A check says what is wrong, or nothing. */
export type HealthCheck = () => string | undefined

export interface ServedAt {
  readonly port: number
  close(): Promise<void>
}

export interface HealthOptions {
  /** 0 for any free one. */
  readonly port: number
  readonly host?: string
  readonly live: readonly HealthCheck[]
  readonly ready: readonly HealthCheck[]
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** Serves `/healthz` and `/readyz`: 200 `ok`, or 503 and the reasons, which name no secrets and no objects' content. */
export const serveHealth = ({ port, host, live, ready }: HealthOptions): Promise<ServedAt> =>
  serve(port, host, (request, response) => {
    const path = request.url?.split('?')[0]
    const checks = path === '/healthz' ? live : path === '/readyz' ? ready : undefined
    if (!checks) return answer(response, 404, 'not found\n')
    const wrong = checks.map((check) => check()).filter((each) => each !== undefined)
    return wrong.length === 0 ? answer(response, 200, 'ok\n') : answer(response, 503, `${wrong.join('\n')}\n`)
  })

/** Serves `/metrics` in Prometheus' text format. `collect` brings gauges up to date before each scrape. */
export const serveMetrics = (
  registry: Registry,
  options: { readonly port: number; readonly host?: string; readonly collect: () => void },
): Promise<ServedAt> =>
  serve(options.port, options.host, (request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') return answer(response, 404, 'not found\n')
    options.collect()
    registry.metrics().then(
      (text) => answer(response, 200, text, registry.contentType),
      () => answer(response, 500, 'the metrics could not be collected\n'),
    )
  })

const answer = (response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void => {
  response.writeHead(status, { 'content-type': type }).end(text)
}

const serve = async (port: number, host: string | undefined, handler: Handler): Promise<ServedAt> => {
  const server: Server = createServer((request, response) => {
    if (request.method === 'GET' || request.method === 'HEAD') handler(request, response)
    else answer(response, 405, 'only GET\n')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
