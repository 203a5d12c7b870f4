import { createHash } from 'node:crypto'
import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import type { Clock } from './clock.ts'

export interface TlsOptions {
  readonly ca?: Buffer | string
  readonly cert?: Buffer | string
  readonly key?: Buffer | string
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

/** What one request needs to reach the API server as somebody. */
export interface Credentials {
  readonly origin: string
  /** Path that the server's URL carries, such as a proxy's prefix; without a trailing slash. */
  readonly pathPrefix: string
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsOptions
  readonly proxyUrl: string | undefined
  /** Changes when a connection made before must not be used any more: another CA or client certificate. */
  readonly connectionId: string
}

/**
 * How long credentials are used before client-node is asked again, in ms. It reads the CA and client certificate files
 * for each answer; service account tokens it re-reads each minute by itself.
 */
const reuseMs = 10_000

/** Reads credentials from a kubeconfig by way of client-node: files, exec plugins, rotated in-cluster tokens. */
export class CredentialSource {
  readonly #kubeConfig: KubeConfig
  readonly #clock: Clock
  #current: { readonly untilMs: number; readonly value: Promise<Credentials> } | undefined

  constructor(kubeConfig: KubeConfig, clock: Clock) {
    this.#kubeConfig = kubeConfig
    this.#clock = clock
  }

  get(): Promise<Credentials> {
    const now = this.#clock.monotonicMs()
    if (this.#current && now < this.#current.untilMs) return this.#current.value
    const value = this.#read()
    const current = { untilMs: now + reuseMs, value }
    this.#current = current
    value.catch(() => {
      if (this.#current === current) this.#current = undefined
    })
    return value
  }

  /** After a 401: ask again before the next request. */
  invalidate(): void {
    this.#current = undefined
  }

  async #read(): Promise<Credentials> {
    const cluster = this.#kubeConfig.getCurrentCluster()
    if (!cluster) throw new Error('the kubeconfig has no current cluster: set its current-context')
    const options: RequestOptions = {}
    try {
      await this.#kubeConfig.applyToHTTPSOptions(options)
    } catch (error) {
      // the parser's own words quote what it read, which is the token: no cause
      // oxlint-disable-next-line preserve-caught-error
      if (error instanceof SyntaxError) throw new Error('the credential plugin of the kubeconfig wrote no valid JSON')
      throw error
    }
    const url = new URL(cluster.server)
    const tls: TlsOptions = {
      ...(options.ca === undefined ? {} : { ca: options.ca as Buffer }),
      ...(options.cert === undefined ? {} : { cert: options.cert as Buffer }),
      ...(options.key === undefined ? {} : { key: options.key as Buffer }),
      ...(options.servername === undefined ? {} : { servername: options.servername }),
      ...(options.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: options.rejectUnauthorized }),
    }
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      if (value !== undefined) headers[name.toLowerCase()] = String(value).trim()
    }
    if (options.auth) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`
    const proxyUrl = cluster.proxyUrl
    if (proxyUrl?.startsWith('socks')) throw new Error('the kubeconfig names a SOCKS proxy: only HTTP proxies work')
    return {
      origin: url.origin,
      pathPrefix: url.pathname.replace(/\/+$/, ''),
      headers,
      tls,
      proxyUrl,
      connectionId: createHash('sha256')
        .update(JSON.stringify([tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized, proxyUrl], encode))
        .digest('base64'),
    }
  }
}

const encode = (_name: string, value: unknown): unknown => (Buffer.isBuffer(value) ? value.toString('base64') : value)
