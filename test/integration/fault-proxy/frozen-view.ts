import type { ServerResponse } from 'node:http'
import type { RequestInfo } from './request-info.ts'

interface Item {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: { readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> }
}

/** The answer of a LIST over all namespaces. */
export interface ListAnswer {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly resourceVersion: string }
  readonly items: readonly Item[]
}

/** How often a frozen watch says that nothing has happened, in ms: a stale API server's connections are alive. */
const bookmarkMs = 500

/** Answers LIST and WATCH of one resource with what there was when it was frozen, as a stale API server does. */
export class FrozenView {
  readonly #list: ListAnswer
  readonly #open = new Set<() => void>()

  constructor(list: ListAnswer) {
    this.#list = list
  }

  answer(info: RequestInfo, response: ServerResponse): void {
    const query = new URL(info.path, 'http://proxy').searchParams
    const items = this.#list.items.filter((item) => selected(item, info.namespace, query.get('labelSelector')))
    if (info.verb === 'list') {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ ...this.#list, items }))
      return
    }
    const kind = this.#list.kind.replace(/List$/, '')
    const { apiVersion } = this.#list
    const { resourceVersion } = this.#list.metadata
    response.writeHead(200, { 'content-type': 'application/json' })
    const send = (type: string, object: object) => response.write(`${JSON.stringify({ type, object })}\n`)
    const bookmark = (annotations: object) =>
      send('BOOKMARK', { apiVersion, kind, metadata: { resourceVersion, ...annotations } })
    if (query.get('sendInitialEvents') === 'true') {
      for (const item of items) send('ADDED', { apiVersion, kind, ...item })
      bookmark({ annotations: { 'k8s.io/initial-events-end': 'true' } })
    }
    const timer = setInterval(() => bookmark({}), bookmarkMs)
    const end = () => {
      clearInterval(timer)
      this.#open.delete(end)
      response.end()
    }
    this.#open.add(end)
    response.on('close', end)
  }

  /** Ends its watches, so that their clients come back to the real API server. */
  thaw(): void {
    for (const end of this.#open) end()
  }
}

const selected = (item: Item, namespace: string, labelSelector: string | null): boolean =>
  (namespace === '' || item.metadata.namespace === namespace) &&
  (labelSelector ?? '')
    .split(',')
    .filter((part) => part !== '')
    .every((part) => {
      const [key = '', value] = part.split('=')
      return item.metadata.labels?.[key] === value
    })
