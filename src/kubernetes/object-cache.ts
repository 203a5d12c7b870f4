import { keyOf, type KubernetesObject, nameOf, type ObjectName } from './objects.ts'
import { compareResourceVersions, deepFreeze, withoutManagedFields } from './stored-object.ts'

/** What a cache came to know. Objects are frozen. */
export type Change<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly old: T }
  | { readonly type: 'deleted'; readonly object: T }

type Index = Map<string, Map<string, unknown>>

/**
 * The newest state known of the objects that one watch covers. It never moves an object backwards: late and repeated
 * events, and those older than our own acknowledged write, change nothing.
 */
export class ObjectCache<T extends KubernetesObject> {
  readonly #onChange: (change: Change<T>) => void
  readonly #objects = new Map<string, T>()
  readonly #byNamespace: Index = new Map()
  readonly #byOwner: Index = new Map()
  /** UIDs whose deletion was acknowledged to us before the watch told of it. No UID ever comes back. */
  readonly #deletedUids = new Set<string>()
  #resourceVersion: string | undefined

  constructor(onChange: (change: Change<T>) => void) {
    this.#onChange = onChange
  }

  /** How far the list and watch have come; undefined before the first list. */
  get resourceVersion(): string | undefined {
    return this.#resourceVersion
  }

  get size(): number {
    return this.#objects.size
  }

  get(name: ObjectName): T | undefined {
    return this.#objects.get(keyOf(name))
  }

  list(namespace?: string): readonly T[] {
    if (namespace === undefined) return [...this.#objects.values()]
    return [...(this.#byNamespace.get(namespace)?.values() ?? [])] as T[]
  }

  /** The objects that have an owner reference to this UID. */
  ownedBy(uid: string): readonly T[] {
    return [...(this.#byOwner.get(uid)?.values() ?? [])] as T[]
  }

  /** An event of the watch. */
  observe(type: 'ADDED' | 'MODIFIED' | 'DELETED', received: T): void {
    this.advance(received.metadata.resourceVersion)
    const uid = received.metadata.uid ?? ''
    if (type === 'DELETED') {
      this.#deletedUids.delete(uid)
      const known = this.#objects.get(keyOf(nameOf(received)))
      if (known && !isOlder(received, known)) this.#remove(received)
      return
    }
    if (!this.#deletedUids.has(uid)) this.#store(received)
  }

  /** The watch has come this far without saying anything about our objects: a bookmark. */
  advance(resourceVersion: string | undefined): void {
    if (resourceVersion === undefined) return
    if ((compareResourceVersions(resourceVersion, this.#resourceVersion) ?? 1) > 0) {
      this.#resourceVersion = resourceVersion
    }
  }

  /**
   * A full list as of `resourceVersion`. What it lacks is gone, unless we know of a newer state.
   * @param reset forget the order of versions: the API server's storage went back in time.
   */
  replace(items: readonly T[], resourceVersion: string, { reset = false } = {}): void {
    if (reset) this.#resourceVersion = undefined
    const listed = new Set(items.map((item) => keyOf(nameOf(item))))
    const listedUids = new Set(items.map((item) => item.metadata.uid))
    for (const uid of this.#deletedUids) if (reset || !listedUids.has(uid)) this.#deletedUids.delete(uid)
    for (const [key, object] of this.#objects) {
      if (listed.has(key)) continue
      const newer = (compareResourceVersions(object.metadata.resourceVersion, resourceVersion) ?? 0) > 0
      if (reset || !newer) this.#remove(object)
    }
    for (const item of items) {
      if (!this.#deletedUids.has(item.metadata.uid ?? '')) this.#store(item, reset)
    }
    this.advance(resourceVersion)
  }

  /** Our own write was acknowledged with this state; what the watch has already gone past is left out. */
  wrote(object: T): void {
    const version = object.metadata.resourceVersion
    if (this.#resourceVersion === undefined || this.#deletedUids.has(object.metadata.uid ?? '')) return
    if ((compareResourceVersions(version, this.#resourceVersion) ?? 0) <= 0) return
    this.#store(object)
  }

  /** Our own deletion of this very object was acknowledged. */
  wroteDeletion(name: ObjectName, uid: string): void {
    const known = this.#objects.get(keyOf(name))
    if (known?.metadata.uid !== uid) return
    this.#deletedUids.add(uid)
    this.#remove(known)
  }

  #store(received: T, force = false): void {
    const key = keyOf(nameOf(received))
    const old = this.#objects.get(key)
    if (old && old.metadata.resourceVersion === received.metadata.resourceVersion) return
    if (old && !force && isOlder(received, old)) return
    const object = deepFreeze(withoutManagedFields(received))
    if (old) this.#unindex(key, old)
    this.#objects.set(key, object)
    addTo(this.#byNamespace, object.metadata.namespace ?? '', key, object)
    for (const owner of object.metadata.ownerReferences ?? []) addTo(this.#byOwner, owner.uid, key, object)
    this.#onChange(old ? { type: 'updated', object, old } : { type: 'added', object })
  }

  #remove(last: T): void {
    const key = keyOf(nameOf(last))
    const old = this.#objects.get(key)
    if (!old) return
    this.#unindex(key, old)
    this.#objects.delete(key)
    this.#onChange({ type: 'deleted', object: deepFreeze(withoutManagedFields(last)) })
  }

  #unindex(key: string, object: T): void {
    removeFrom(this.#byNamespace, object.metadata.namespace ?? '', key)
    for (const owner of object.metadata.ownerReferences ?? []) removeFrom(this.#byOwner, owner.uid, key)
  }
}

const isOlder = (left: KubernetesObject, right: KubernetesObject): boolean =>
  (compareResourceVersions(left.metadata.resourceVersion, right.metadata.resourceVersion) ?? 1) < 0

const addTo = (index: Index, value: string, key: string, object: unknown): void => {
  const entries = index.get(value)
  if (entries) entries.set(key, object)
  else index.set(value, new Map([[key, object]]))
}

const removeFrom = (index: Index, value: string, key: string): void => {
  const entries = index.get(value)
  entries?.delete(key)
  if (entries?.size === 0) index.delete(value)
}
