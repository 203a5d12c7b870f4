import {
  configMaps,
  networkPolicies,
  podDisruptionBudgets,
  pods,
  secrets,
  services,
  statefulSets,
} from '../../src/kubernetes/kinds.ts'
import type { KubernetesObject, Resource } from '../../src/kubernetes/objects.ts'
import type { Lane } from './lane.ts'

/** What a store became: each object and what it says, without what differs between two stores that are the same. */
export const ownedObjects = async (
  { api, namespace }: Lane,
  name: string,
): Promise<Readonly<Record<string, unknown>>> => {
  const labelSelector = `app.kubernetes.io/instance=${name}`
  const found: Record<string, unknown> = {}
  // The hash of a pod is also one of the names in it.
  const masked = (text: string) =>
    text.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), 'store').replaceAll(/(roll-hash":)"[0-9a-f]+"/g, '$1"…"')
  const read = async <T extends KubernetesObject>(resource: Resource<T>, what: (object: T) => unknown) => {
    for (const object of await api.list(resource, { namespace, labelSelector }))
      found[masked(`${resource.kind} ${object.metadata.name}`)] = JSON.parse(masked(JSON.stringify(what(object) ?? {})))
  }
  await read(statefulSets, ({ spec }) => spec)
  await read(services, ({ spec }) => ({ ports: portsOf(spec?.['ports']), selector: spec?.['selector'] }))
  await read(configMaps, ({ data }) => data)
  await read(networkPolicies, ({ spec }) => spec)
  await read(podDisruptionBudgets, ({ spec }) => spec)
  // Files of certificates carry their version in their names.
  const keysOf = (data: object) => new Set(Object.keys(data).map((key) => key.replace(/^[0-9a-f]{12}\./, '')))
  await read(secrets, ({ data, type }) => ({ type, keys: [...keysOf(data ?? {})].toSorted() }))
  await read(pods, ({ metadata: { labels = {} } }) => Object.keys(labels).toSorted())
  return found
}

/** A node port or the like would be another one for each. */
const portsOf = (ports: unknown): unknown =>
  (ports as readonly { name: string; port: number }[]).map(({ name, port }) => ({ name, port }))
