import type { KubeConfig } from '@kubernetes/client-node'
import type { Client, ListOptions } from './client.ts'
import { type Clock, systemClock } from './clock.ts'
import { ApiError, isApiError } from './errors.ts'
import type { Metrics } from './metrics.ts'
import { keyOf, type KubernetesObject, nameOf, type ObjectName, type Resource } from './objects.ts'
import { type HttpRequest, Requester } from './requester.ts'
import { resourceLabel, resourcePath } from './resource-path.ts'
import { withoutManagedFields } from './stored-object.ts'
import { type Watcher, type WatchEvent, watchEvents } from './watch-stream.ts'

/** A write that the API server has acknowledged: what caches may know before their watch tells them. */
export type Write =
  | { readonly type: 'stored'; readonly resource: Resource<KubernetesObject>; readonly object: KubernetesObject }
  | {
      readonly type: 'deleted'
      readonly resource: Resource<KubernetesObject>
      readonly name: ObjectName
      readonly uid: string
    }

export interface ClientOptions {
  readonly kubeConfig: KubeConfig
  /** Names us in the API server's audit log, such as `session-store-operator/1.2.0 (pod-name)`. */
  readonly userAgent: string
  readonly clock?: Clock
  readonly metrics?: Metrics
  /**
   * Throws `LeaseLostError` when this process may not write. Asked before each write, again after each wait, and once
   * more in the instant before the request is written to the socket.
   */
  readonly guard?: () => void
  readonly onWrite?: (write: Write) => void
}

/** A {@link Client} that can also watch, and must be closed. */
export interface ApiClient extends Client, Watcher {
  /** Breaks all connections. */
  close(): Promise<void>
}

/** Objects per page of a list (client-go's default). */
const pageSize = 500
/** How often a list starts anew because its snapshot was compacted away between two pages. */
const listRestarts = 3

interface ListBody<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
  readonly items?: readonly T[]
}

/** Connects to the API server of the kubeconfig's current context. Nothing is sent before the first call. */
export const createClient = (options: ClientOptions): ApiClient => {
  const { kubeConfig, userAgent, clock = systemClock, metrics, guard, onWrite } = options
  const requester = new Requester({ kubeConfig, clock, metrics, guard, userAgent })

  const request = <T extends KubernetesObject>(
    method: HttpRequest['method'],
    verb: string,
    resource: Resource<T>,
    name: { readonly namespace?: string | undefined; readonly name?: string | undefined },
    rest: Partial<HttpRequest> & { readonly subresource?: string | undefined },
  ): HttpRequest => {
    const { subresource, ...more } = rest
    const path = resourcePath(resource, {
      namespace: name.namespace,
      // the name of what is created stands in the body
      name: method === 'POST' ? undefined : name.name,
      subresource,
    })
    const label = `${resourceLabel(resource)}${subresource === undefined ? '' : `/${subresource}`}`
    const key = name.name === undefined ? (name.namespace ?? '') : keyOf({ ...name, name: name.name } as ObjectName)
    return {
      method,
      path,
      subject: `${verb} ${label} ${key}`.trimEnd(),
      secretive: resource.group === '' && resource.plural === 'secrets',
      ...more,
    }
  }

  const write = async <T extends KubernetesObject>(resource: Resource<T>, sent: HttpRequest): Promise<T> => {
    const object = withoutManagedFields((await requester.send(sent)) as T)
    onWrite?.({ type: 'stored', resource, object })
    return object
  }

  return {
    async get<T extends KubernetesObject>(resource: Resource<T>, name: ObjectName, call = {}) {
      return withoutManagedFields((await requester.send(request('GET', 'get', resource, name, call))) as T)
    },

    async list<T extends KubernetesObject>(resource: Resource<T>, options: ListOptions = {}) {
      const { namespace, labelSelector, fieldSelector, ...call } = options
      for (let restart = 0; ; restart += 1) {
        try {
          const items: T[] = []
          let token: string | undefined
          do {
            const query = { limit: pageSize, labelSelector, fieldSelector, continue: token }
            const sent = request('GET', 'list', resource, { namespace }, { ...call, query })
            const body = (await requester.send(sent)) as ListBody<T>
            for (const item of body.items ?? []) items.push(withoutManagedFields(stamped(resource, item)))
            token = body.metadata?.continue === '' ? undefined : body.metadata?.continue
          } while (token !== undefined)
          return items
        } catch (error) {
          if (!(isApiError(error) && error.status === 410) || restart >= listRestarts) throw error
        }
      }
    },

    create(resource, object, call = {}) {
      return write(resource, request('POST', 'create', resource, object.metadata, { ...call, body: object }))
    },

    apply(resource, object, { fieldManager, force = true, ...call }) {
      const sent = request('PATCH', 'apply', resource, named(resource, object), {
        ...call,
        body: object,
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager, force },
      })
      return write(resource, sent)
    },

    replace(resource, object, call = {}) {
      return write(resource, request('PUT', 'replace', resource, named(resource, object), { ...call, body: object }))
    },

    patch(resource, name, patch, call = {}) {
      const contentType = 'application/merge-patch+json'
      return write(resource, request('PATCH', 'patch', resource, name, { ...call, body: patch, contentType }))
    },

    async delete(resource, name, { uid, resourceVersion, propagation, gracePeriodSeconds, ...call } = {}) {
      const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion ? { resourceVersion } : {}) }
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        ...(Object.keys(preconditions).length > 0 ? { preconditions } : {}),
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
        propagationPolicy: propagation ?? 'Background',
      }
      let answer: KubernetesObject & { readonly details?: { readonly uid?: string } }
      try {
        answer = (await requester.send(request('DELETE', 'delete', resource, name, { ...call, body }))) as typeof answer
      } catch (error) {
        if (isApiError(error, 'notFound')) return
        throw error
      }
      // an object that has finalizers or is shut down gracefully comes back with a deletionTimestamp
      if (answer.kind !== 'Status') onWrite?.({ type: 'stored', resource, object: withoutManagedFields(answer) })
      else if (answer.details?.uid) onWrite?.({ type: 'deleted', resource, name, uid: answer.details.uid })
    },

    async listPage<T extends KubernetesObject>(resource: Resource<T>, page: Parameters<Watcher['listPage']>[1]) {
      const query = {
        limit: page.limit ?? pageSize,
        continue: page.continue,
        labelSelector: page.labelSelector,
        fieldSelector: page.fieldSelector,
      }
      const sent = request('GET', 'list', resource, page, { query, signal: page.signal, timeoutMs: page.timeoutMs })
      const body = (await requester.send(sent)) as ListBody<T>
      return {
        items: (body.items ?? []).map((item) => stamped(resource, item)),
        resourceVersion: body.metadata?.resourceVersion ?? '',
        continue: body.metadata?.continue === '' ? undefined : body.metadata?.continue,
      }
    },

    watch<T extends KubernetesObject>(
      resource: Resource<T>,
      watch: Parameters<Watcher['watch']>[1],
    ): AsyncGenerator<WatchEvent<T>> {
      const query = {
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: watch.resourceVersion,
        timeoutSeconds: watch.timeoutSeconds,
        labelSelector: watch.labelSelector,
        fieldSelector: watch.fieldSelector,
        ...(watch.initialEvents ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' } : {}),
      }
      const sent = request('GET', 'watch', resource, watch, { query })
      return watchEvents<T>({ requester, request: sent, clock, stallMs: watch.stallMs, signal: watch.signal })
    },

    close: () => requester.close(),
  }
}

/** The name of what is written, with the namespace only where the kind has one. */
const named = <T extends KubernetesObject>(resource: Resource<T>, object: Pick<T, 'metadata'>): ObjectName => {
  const name = nameOf(object as KubernetesObject)
  if (name.name === '') {
    throw new ApiError(`${resource.kind}: metadata.name is missing`, { kind: 'invalid', status: 0 })
  }
  return name
}

/** Items of a list lack apiVersion and kind, which every object of ours has. */
const stamped = <T extends KubernetesObject>(resource: Resource<T>, item: T): T => ({
  ...item,
  apiVersion: item.apiVersion ?? (resource.group === '' ? resource.version : `${resource.group}/${resource.version}`),
  kind: item.kind ?? resource.kind,
})
