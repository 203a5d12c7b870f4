import { createHmac } from 'node:crypto'
import type { ReadSessionStore } from '../../api/resources.ts'
import { isApiError, LeaseLostError } from '../../kubernetes/errors.ts'
import { daemonSets, deployments, statefulSets, type StatefulSet } from '../../kubernetes/kinds.ts'
import { nameOf, type Resource } from '../../kubernetes/objects.ts'
import type { Access } from '../access.ts'
import { userName } from '../client-secret.ts'
import { storeName, storeNamespace, storeUid } from '../names.ts'
import type { StoreRuntime } from '../runtime.ts'

/** A Deployment, StatefulSet or DaemonSet of an application, as far as it is looked at. */
interface Workload {
  readonly kind: Resource<StatefulSet>
  readonly object: StatefulSet
}

const kinds: readonly Resource<StatefulSet>[] = [deployments, statefulSets, daemonSets]

/** On a workload that asks to be restarted, with the client's name; and on its pods, with a fingerprint of the client's credentials. */
const restartKey = (store: ReadSessionStore): string => `restart.sessionstore.dev/${storeName(store)}`

/** As people write it, such as `Deployment shop`. */
export const titleOf = ({ kind, object }: Workload): string => `${kind.kind} ${object.metadata.name ?? ''}`

/** The workloads of a store's namespace that are labelled to be restarted when a client gets a new password; none when the operator may not restart any. */
export const findWorkloads = async (
  runtime: Pick<StoreRuntime, 'client' | 'restartsWorkloads'>,
  store: ReadSessionStore,
  client: string,
  signal: AbortSignal,
): Promise<readonly Workload[]> => {
  if (!runtime.restartsWorkloads) return []
  const labelSelector = `${restartKey(store)}=${client}`
  const found = await Promise.all(
    kinds.map(async (kind) => {
      const objects = await runtime.client.list(kind, { namespace: storeNamespace(store), labelSelector, signal })
      return objects
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map((object) => ({ kind, object }))
    }),
  )
  return found.flat()
}

/** How long all of it may take, in ms: a webhook that hangs must not hold up a flush, nor a failover that waits for the store. */
const patienceMs = 3_000

/**
 * Has the workloads of a client begin anew that are labelled for it, in the way that their own strategy says: their pods read the Secret when they start. Once for
 * each password. One that cannot be changed is said in an event, and holds nobody up.
 */
export const restartWorkloads = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  access: Access,
  client: string,
  signal: AbortSignal,
): Promise<void> => {
  if (!runtime.restartsWorkloads) return
  const within = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
  const failed = (what: string, why: string) => {
    const message = `${what} could not be restarted, so pods may have the password of before: ${why}. Restart it yourself`
    runtime.events.record(store, { type: 'Warning', reason: 'WorkloadNotRestarted', message })
  }
  const value = fingerprint(runtime, store, access, client)
  const found = await attempt(signal, () => findWorkloads(runtime, store, client, within))
  if (typeof found === 'string') return failed(`What is labelled for client ${client}`, found)
  for (const workload of found) {
    const refused = await attempt(signal, () => restart(runtime, store, workload, { client, value, signal: within }))
    if (typeof refused === 'string') failed(titleOf(workload), refused)
  }
}

/** What it resolves with, or what went wrong in words; a loss of the lease, and the end of the pass, are thrown on. */
const attempt = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | string> => {
  try {
    return await work()
  } catch (error) {
    if (signal.aborted || error instanceof LeaseLostError) throw error
    return isApiError(error) ? error.message : `no answer within ${patienceMs / 1000} s`
  }
}

const restart = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  workload: Workload,
  { client, value, signal }: { readonly client: string; readonly value: string; readonly signal: AbortSignal },
): Promise<void> => {
  const { kind, object } = workload
  const key = restartKey(store)
  if (object.spec?.template.metadata.annotations?.[key] === value) return
  const template = { metadata: { annotations: { [key]: value } } }
  await runtime.client.patch(kind, nameOf(object), { spec: { template } }, { signal })
  const message = `${titleOf(workload)} begins anew: client ${client} has a new password`
  runtime.events.record(store, { type: 'Normal', reason: 'WorkloadRestarted', message })
}

/** Tells a client's passwords apart, and says nothing of them. */
const fingerprint = (
  { masterKey }: Pick<StoreRuntime, 'masterKey'>,
  store: ReadSessionStore,
  { users, turns }: Access,
  client: string,
): string => {
  const user = userName(client, turns.get(client) ?? 'a')
  const hash = users.find(({ name }) => name === user)?.rules.find((rule) => rule.startsWith('#')) ?? ''
  const text = `sessionstore.dev/credential/${storeUid(store)}/${user}/${hash}`
  return createHmac('sha256', masterKey).update(text).digest('hex').slice(0, 16)
}
