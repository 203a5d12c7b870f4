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

/**
 * For each object, what we last applied and which version that left: when our comparison cannot see that two spellings
 * mean the same, an unchanged object is still not applied again and again. Bounded; per client, so that tests share none.
 */
const lastApplied = new WeakMap<Client, Map<string, { readonly hash: string; readonly resourceVersion: string }>>()
const mostRemembered = 20_000

const memoryOf = (client: Client) => {
  const known = lastApplied.get(client)
  if (known) return known
  const fresh = new Map<string, { readonly hash: string; readonly resourceVersion: string }>()
  lastApplied.set(client, fresh)
  return fresh
}

const isAsWeLeftIt = (client: Client, slot: string, observed: KubernetesObject, hash: string): boolean => {
  const last = memoryOf(client).get(`${slot}/${observed.metadata.uid ?? ''}`)
  return last?.hash === hash && last.resourceVersion === observed.metadata.resourceVersion
}

const remember = (client: Client, slot: string, object: KubernetesObject, hash: string): void => {
  const memory = memoryOf(client)
  if (memory.size >= mostRemembered) memory.clear()
  memory.set(`${slot}/${object.metadata.uid ?? ''}`, { hash, resourceVersion: object.metadata.resourceVersion ?? '' })
}

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
  if (observed && (holds(declared, observed) || isAsWeLeftIt(client, 'object', observed, hash))) {
    return { object: observed, changed: false }
  }
  const object = await client.apply(resource, declared, options)
  remember(client, 'object', object, hash)
  return { object, changed: object.metadata.resourceVersion !== observed?.metadata.resourceVersion }
}

/**
 * Server-side apply of the status subresource, only when it differs from the one in `object`. The status is taken to be
 * ours alone: what it does not name is removed.
 * @param options.ifUnchanged fail with a `conflict` when the object is not the one given any more: for a status that
 * records a decision, such as a promotion.
 */
export const applyStatus = async <T extends KubernetesObject & { readonly status?: unknown }>(
  client: Client,
  resource: Resource<T>,
  object: T,
  status: object,
  fieldManager: string,
  options: CallOptions & { readonly ifUnchanged?: boolean } = {},
): Promise<ApplyResult<T>> => {
  const { ifUnchanged = false, ...call } = options
  const declared = withoutNulls(status)
  const hash = digest(declared)
  const same = canonicalJson(declared) === canonicalJson(object.status ?? {})
  if (same || isAsWeLeftIt(client, 'status', object, hash)) return { object, changed: false }
  const { name, namespace, resourceVersion } = object.metadata
  const body = {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(ifUnchanged && resourceVersion !== undefined ? { resourceVersion } : {}),
    },
    status: declared,
  }
  const written = await client.apply(resource, body as unknown as Applied<T>, {
    ...call,
    fieldManager,
    subresource: 'status',
  })
  remember(client, 'status', written, hash)
  return { object: written, changed: written.metadata.resourceVersion !== resourceVersion }
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
