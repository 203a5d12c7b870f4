import { createHmac } from 'node:crypto'
import type { ReadSessionStore } from '../../api/resources.ts'
import { isApiError } from '../../kubernetes/errors.ts'
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

/**
 * Has the workloads of a client begin anew that are labelled for it, in the way that their own strategy says: their pods read the Secret when they start. Once for
 * each password. One that the API server does not let us change is said in an event, and holds nobody up.
 */
export const restartWorkloads = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  access: Access,
  client: string,
  signal: AbortSignal,
): Promise<void> => {
  const key = restartKey(store)
  const value = fingerprint(runtime, store, access, client)
  for (const workload of await findWorkloads(runtime, store, client, signal)) {
    const { kind, object } = workload
    if (object.spec?.template.metadata.annotations?.[key] === value) continue
    const name = titleOf(workload)
    try {
      const template = { metadata: { annotations: { [key]: value } } }
      await runtime.client.patch(kind, nameOf(object), { spec: { template } }, { signal })
      const message = `${name} begins anew: client ${client} has a new password`
      runtime.events.record(store, { type: 'Normal', reason: 'WorkloadRestarted', message })
    } catch (error) {
      if (!isApiError(error, 'forbidden', 'invalid', 'notFound')) throw error
      const message = `${name} could not be restarted, so its pods have the password of before: ${error.message}. Restart it yourself`
      runtime.events.record(store, { type: 'Warning', reason: 'WorkloadNotRestarted', message })
    }
  }
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
