import { createHash } from 'node:crypto'
import type { Applied, CallOptions, Client } from './client.ts'
import { canonicalJson, holds, withoutNulls } from './declared.ts'
import type { KubernetesObject, Resource } from './objects.ts'

/** Digest of what we last declared: when we stop declaring a field, it changes, and the apply removes the field. */
export const appliedHashAnnotation = 'sessionstore.dev/applied-hash'

export interface ApplyResult<T> {
  /** The object as it is now. */
  readonly object: T
  /** Whether the API server stored anything new. */
  readonly changed: boolean
}

interface LastApplied {
  readonly hash: string
  readonly resourceVersion: string
}

/**
 * What we last applied to an object, and which version that left: when our comparison cannot see that two spellings mean
 * the same, an unchanged object is still not applied again and again. Bounded; per client, so that tests share none.
 */
const lastApplied = new WeakMap<Client, Map<string, LastApplied>>()
const mostRemembered = 20_000

/** One memory for each object and each part of it that is applied by itself. */
const memory = (client: Client, part: string, { metadata }: KubernetesObject) => {
  const known = lastApplied.get(client) ?? new Map<string, LastApplied>()
  lastApplied.set(client, known)
  const key = `${part}/${metadata.uid ?? ''}`
  return {
    get: () => known.get(key),
    set: (hash: string, resourceVersion = '') => {
      if (known.size >= mostRemembered) known.clear()
      known.set(key, { hash, resourceVersion })
    },
  }
}

const isAsWeLeftIt = (last: LastApplied | undefined, hash: string, observed: KubernetesObject): boolean =>
  last?.hash === hash && last.resourceVersion === observed.metadata.resourceVersion

/** Kinds of Kubernetes itself, whose Go types leave out zero values. */
const isBuiltIn = ({ group }: { readonly group: string }): boolean => !group.includes('.') || group.endsWith('.k8s.io')

const digest = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('base64url').slice(0, 22)

/**
 * Server-side apply of `desired`, but only when `observed` does not already hold it: at the fixpoint nothing is sent.
 * `observed` is the object from the cache or a read; undefined when there is none. Null means "not declared". The
 * annotation {@link appliedHashAnnotation} is added, so that a field that `desired` no longer declares is removed once.
 */
export const applyIfChanged = async <T extends KubernetesObject>(
  client: Client,
  resource: Resource<T>,
  desired: Applied<T>,
  observed: T | undefined,
  options: CallOptions & { readonly fieldManager: string },
): Promise<ApplyResult<T>> => {
  const hash = digest(desired)
  const declared = withoutNulls({
    ...desired,
    metadata: {
      ...desired.metadata,
      annotations: { ...desired.metadata.annotations, [appliedHashAnnotation]: hash },
    },
  })
  if (observed) {
    const same = holds(declared, observed, { omitsZero: isBuiltIn(resource) })
    const last = memory(client, 'object', observed).get()
    if (same || isAsWeLeftIt(last, hash, observed)) return { object: observed, changed: false }
  }
  const object = await client.apply(resource, declared, options)
  memory(client, 'object', object).set(hash, object.metadata.resourceVersion)
  return { object, changed: object.metadata.resourceVersion !== observed?.metadata.resourceVersion }
}

export interface ApplyStatusOptions extends CallOptions {
  /**
   * Fail with a `conflict` when the object is not the one given any more: for a status that records a decision, such as
   * a promotion.
   */
  readonly ifUnchanged?: boolean
  /**
   * Other field managers own other fields of the status, and other conditions. Within a field of ours, what we stop declaring is removed; a whole
   * field only by a process that has declared it before: declare it empty instead. Default false: the status is ours alone, and what it does not name is removed.
   */
  readonly shared?: boolean
}

/** Server-side apply of the status subresource, only when it differs from what `object` holds. */
export const applyStatus = async <T extends KubernetesObject & { readonly status?: unknown }>(
  client: Client,
  resource: Resource<T>,
  object: T,
  status: object,
  fieldManager: string,
  options: ApplyStatusOptions = {},
): Promise<ApplyResult<T>> => {
  const { ifUnchanged = false, shared = false, ...call } = options
  const declared = withoutNulls(status)
  const hash = digest(declared)
  const remembered = memory(client, `status/${fieldManager}`, object)
  const last = remembered.get()
  const same = shared
    ? holdsParts(declared, object.status ?? {}) && (last === undefined || last.hash === hash)
    : canonicalJson(declared) === canonicalJson(object.status ?? {})
  if (same || isAsWeLeftIt(last, hash, object)) return { object, changed: false }
  const { name, namespace, resourceVersion } = object.metadata
  const body = {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      // never onto another object that took the name
      ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
      ...(ifUnchanged && resourceVersion !== undefined ? { resourceVersion } : {}),
    },
    status: declared,
  }
  const written = await client.apply(resource, body as unknown as Applied<T>, {
    ...call,
    fieldManager,
    subresource: 'status',
  })
  remembered.set(hash, written.metadata.resourceVersion)
  return { object: written, changed: written.metadata.resourceVersion !== resourceVersion }
}

/**
 * True when a status holds these fields as they are declared. Only conditions may have more in them, of others: a field inside of ours that is
 * not declared any more may have been left by a process before this one, and must go.
 */
const holdsParts = (declared: object, status: object): boolean => {
  const observed = new Map<string, unknown>(Object.entries(status))
  return Object.entries(declared).every(([name, value]) =>
    name === 'conditions'
      ? holds({ [name]: value }, status)
      : canonicalJson(value) === canonicalJson(observed.get(name) ?? (Array.isArray(value) ? [] : {})),
  )
}

/** `metav1.Condition`. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly observedGeneration?: number | undefined
  readonly lastTransitionTime: string
}

/** The conditions with this one set; `lastTransitionTime` moves only when the status does. */
export const setCondition = <C extends Condition>(
  conditions: readonly C[] | undefined,
  condition: Omit<C, 'lastTransitionTime'>,
  now: Date,
): readonly C[] => {
  const known = conditions?.find(({ type }) => type === condition.type)
  const lastTransitionTime =
    known?.status === condition.status ? known.lastTransitionTime : now.toISOString().replace(/\.\d+Z$/, 'Z')
  const next = { ...condition, lastTransitionTime } as C
  return known
    ? (conditions ?? []).map((each) => (each.type === condition.type ? next : each))
    : [...(conditions ?? []), next]
}
