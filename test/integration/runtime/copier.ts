import { applyIfChanged } from '../../../src/kubernetes/apply.ts'
import { Controller } from '../../../src/kubernetes/controller.ts'
import { configMaps } from '../../../src/kubernetes/kinds.ts'
import { Manager, type ManagerOptions } from '../../../src/kubernetes/manager.ts'
import { itself, ownerOf } from '../../../src/kubernetes/mapping.ts'
import { keyOf } from '../../../src/kubernetes/objects.ts'
import type { ApiClient } from '../../../src/kubernetes/transport.ts'
import type { FaultProxy } from '../fault-proxy.ts'
import { configMap, loadKubeConfig, onTestEnd, recordingLogger } from './fixture.ts'

/** Where a small operator works: `client` goes past the proxy that it is behind. */
export interface Place {
  readonly client: ApiClient
  readonly proxy: FaultProxy
  readonly namespace: string
}

/** client-go's proportions in a third of its times: shorter ones a busy machine would miss. */
const fast = { leaseDurationMs: 5000, renewDeadlineMs: 3500, retryPeriodMs: 300 }

/** A manager behind the proxy, and what it logs at warn and above. */
export const managerOf = ({ proxy, namespace }: Place, options: Partial<ManagerOptions> = {}) => {
  const { log, lines } = recordingLogger()
  const manager = new Manager({
    kubeConfig: loadKubeConfig(proxy.kubeconfig),
    namespaces: [namespace],
    identity: 'one',
    userAgent: 'manager-test',
    log,
    leaderElection: { namespace, name: 'leader', ...fast },
    ...options,
  })
  return { lines, manager }
}

/** Runs a manager until the test ends, at the latest. `ended` gives what `run` rejected with. */
export const run = (manager: Manager) => {
  const stop = new AbortController()
  const ended = manager.run(stop.signal).then(
    () => undefined,
    (error: unknown) => error,
  )
  onTestEnd(async () => {
    stop.abort()
    await ended
  })
  return { stop, ended }
}

/** An operator in small: for each config map labelled `role: parent` it makes a child with the same value. */
export const copier = (manager: Manager, namespace: string): { readonly reconciled: string[] } => {
  const reconciled: string[] = []
  const informer = manager.informer(configMaps)
  const controller = new Controller({
    name: 'copier',
    concurrency: 2,
    manager,
    reconcile: async (name, { signal }) => {
      const parent = informer.get(name)
      if (parent?.metadata.labels?.['role'] !== 'parent') return
      reconciled.push(keyOf(name))
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: name.name, uid: parent.metadata.uid ?? '' }
      const child = {
        ...configMap(namespace, `${name.name}-child`, { value: parent.data?.['value'] ?? '' }),
        metadata: { namespace, name: `${name.name}-child`, ownerReferences: [{ ...owner, controller: true }] },
      }
      const observed = informer.get(child.metadata)
      await applyIfChanged(manager.client, configMaps, child, observed, { fieldManager: 'copier', signal })
    },
  })
  manager.add(controller.watch(informer, itself).watch(informer, ownerOf('ConfigMap', 'v1')))
  return { reconciled }
}

/** Makes or changes a parent, as a user. */
export const putParent = ({ client, namespace }: Place, name: string, value: string) =>
  client.apply(
    configMaps,
    { ...configMap(namespace, name, { value }), metadata: { namespace, name, labels: { role: 'parent' } } },
    { fieldManager: 'user' },
  )

/** The children's values by name. */
export const childrenIn = async ({ client, namespace }: Place): Promise<Record<string, string | undefined>> =>
  Object.fromEntries(
    (await client.list(configMaps, { namespace }))
      .filter(({ metadata }) => metadata.name?.endsWith('-child'))
      .map(({ metadata, data }) => [metadata.name, data?.['value']]),
  )

/** The writes that came through the proxy, but those of the leader election. */
export const writesOf = ({ proxy }: Place) =>
  proxy.writes.filter(({ resource }) => resource !== 'leases.coordination.k8s.io')
