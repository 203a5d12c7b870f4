import type { Clock } from './clock.ts'
import { errorFields, type Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import { type Change, ObjectCache } from './object-cache.ts'
import { type KubernetesObject, type ObjectName, parseKey, type Resource } from './objects.ts'
import { Reflector } from './reflector.ts'
import { resourceLabel } from './resource-path.ts'
import { parseFieldSelector, parseLabelSelector } from './selector.ts'
import type { Write } from './transport.ts'
import type { Watcher } from './watch-stream.ts'

export interface InformerOptions {
  /** One watch for each namespace, so that rights in one do not need rights in others; or one for all. */
  readonly namespaces: readonly string[] | 'all'
  /** Bounds what is kept in memory. */
  readonly labelSelector?: string
  /** `metadata.name=` or `metadata.namespace=` only. */
  readonly fieldSelector?: string
  /** How long a watch may be silent, in ms. Default 90,000. */
  readonly stallMs?: number
}

export interface InformerDependencies {
  readonly watcher: Watcher
  readonly clock: Clock
  readonly log: Logger
  readonly metrics?: Metrics
  readonly random?: () => number
}

/** How one watch of an informer does. */
export interface InformerHealth {
  readonly resource: string
  readonly namespace: string | undefined
  readonly synced: boolean
  /** Why it does not watch now. */
  readonly problem: string | undefined
  /** How long ago its loop last did anything, in ms; minutes mean that it hangs. */
  readonly idleMs: number
}

interface Scope<T extends KubernetesObject> {
  readonly namespace: string | undefined
  readonly cache: ObjectCache<T>
  readonly reflector: Reflector<T>
}

export type ChangeHandler<T> = (change: Change<T>) => void

/**
 * A cache of one resource that follows the API server. Reads are of frozen objects without `managedFields`. Our own
 * acknowledged writes show at once, whatever the watch is doing.
 */
export class Informer<T extends KubernetesObject> {
  readonly resource: Resource<T>
  readonly #dependencies: InformerDependencies
  readonly #scopes: readonly Scope<T>[]
  readonly #handlers = new Set<ChangeHandler<T>>()
  readonly #waiters = new Set<() => void>()
  readonly #selects: (object: KubernetesObject) => boolean

  constructor(resource: Resource<T>, options: InformerOptions, dependencies: InformerDependencies) {
    this.resource = resource
    this.#dependencies = dependencies
    const { labelSelector, fieldSelector, stallMs } = options
    const byLabel = labelSelector === undefined ? () => true : parseLabelSelector(labelSelector)
    const byField = fieldSelector === undefined ? () => true : parseFieldSelector(fieldSelector)
    this.#selects = (object) => byLabel(object) && byField(object)
    const namespaces = options.namespaces === 'all' || !resource.namespaced ? [undefined] : options.namespaces
    this.#scopes = [...new Set(namespaces)].map((namespace) => {
      const cache = new ObjectCache<T>((change) => this.#notify(change))
      const reflector = new Reflector<T>({
        ...dependencies,
        resource,
        cache,
        selection: { namespace, labelSelector, fieldSelector },
        stallMs,
        onSettled: () => this.#wake(),
      })
      return { namespace, cache, reflector }
    })
  }

  /** By name, or by key as `keyOf` makes it. */
  get(name: ObjectName | string): T | undefined {
    const { namespace, name: own } = typeof name === 'string' ? parseKey(name) : name
    const object = namespace === undefined ? { name: own } : { namespace, name: own }
    return this.#scopeOf(namespace)?.cache.get(object)
  }

  list(namespace?: string): readonly T[] {
    if (namespace !== undefined) return this.#scopeOf(namespace)?.cache.list(namespace) ?? []
    return this.#scopes.flatMap(({ cache }) => cache.list())
  }

  /** The objects with an owner reference to this UID. */
  byIndex(_index: 'owner', uid: string): readonly T[] {
    return this.#scopes.flatMap(({ cache }) => cache.ownedBy(uid))
  }

  /**
   * Every namespace has been listed once. One that is forbidden or gone counts as empty, so that it does not hold up
   * the others; unless nothing at all could be listed.
   */
  get hasSynced(): boolean {
    const { length } = this.#scopes
    const synced = this.#scopes.filter(({ reflector }) => reflector.synced).length
    const denied = this.#scopes.filter(({ reflector }) => !reflector.synced && reflector.denied).length
    return synced + denied === length && (synced > 0 || length === 0)
  }

  /** Resolves once {@link hasSynced}; rejects with the signal's reason. */
  async whenSynced(signal: AbortSignal): Promise<void> {
    while (!this.hasSynced) {
      signal.throwIfAborted()
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiters.delete(wake)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        this.#waiters.add(wake)
        signal.addEventListener('abort', wake, { once: true })
      })
    }
  }

  /** Calls `handler` for each change, at once for what is there. Handlers only enqueue. Returns how to stop it. */
  onChange(handler: ChangeHandler<T>): () => void {
    this.#handlers.add(handler)
    for (const object of this.list()) this.#call(handler, { type: 'added', object })
    return () => {
      this.#handlers.delete(handler)
    }
  }

  /** Follows the API server until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#scopes.map(({ reflector }) => reflector.run(signal)))
  }

  /** Tells the cache of an acknowledged write of ours; of another resource, it is ignored. */
  wrote(write: Write): void {
    const { group, plural } = write.resource
    if (group !== this.resource.group || plural !== this.resource.plural) return
    if (write.type === 'deleted') {
      this.#scopeOf(write.name.namespace)?.cache.wroteDeletion(write.name, write.uid)
      return
    }
    const object = write.object as T
    const cache = this.#scopeOf(object.metadata.namespace)?.cache
    const known = cache?.get({ ...object.metadata, name: object.metadata.name ?? '' }) !== undefined
    // what left the selection stays until the watch says so: it is ours to say what it looked like last
    if (known || this.#selects(object)) cache?.wrote(object)
  }

  health(): readonly InformerHealth[] {
    const now = this.#dependencies.clock.monotonicMs()
    return this.#scopes.map(({ namespace, reflector }) => ({
      resource: resourceLabel(this.resource),
      namespace,
      synced: reflector.synced,
      problem: reflector.problem,
      idleMs: now - reflector.lastStepMs,
    }))
  }

  /** Brings the gauges up to date; called before a scrape. */
  collect(): void {
    const objects = this.#scopes.reduce((sum, { cache }) => sum + cache.size, 0)
    this.#dependencies.metrics?.informerObjects.set({ resource: resourceLabel(this.resource) }, objects)
  }

  #scopeOf(namespace: string | undefined): Scope<T> | undefined {
    return this.#scopes.find((scope) => scope.namespace === undefined || scope.namespace === namespace)
  }

  #notify(change: Change<T>): void {
    for (const handler of this.#handlers) this.#call(handler, change)
  }

  #call(handler: ChangeHandler<T>, change: Change<T>): void {
    try {
      handler(change)
    } catch (error) {
      // a handler that throws must stop neither the watch nor the other handlers
      this.#dependencies.log.error(
        { resource: resourceLabel(this.resource), ...errorFields(error) },
        'a handler of changes threw',
      )
    }
  }

  #wake(): void {
    for (const wake of this.#waiters) wake()
  }
}
