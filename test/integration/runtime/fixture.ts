import { randomBytes } from 'node:crypto'
import { KubeConfig } from '@kubernetes/client-node'
import { afterEach } from 'vitest'
import { systemClock } from '../../../src/kubernetes/clock.ts'
import { Informer, type InformerOptions } from '../../../src/kubernetes/informer.ts'
import { type ConfigMap, configMaps } from '../../../src/kubernetes/kinds.ts'
import type { Logger } from '../../../src/kubernetes/logger.ts'
import { createMetrics } from '../../../src/kubernetes/metrics.ts'
import type { KubernetesObject, Resource } from '../../../src/kubernetes/objects.ts'
import { type ApiClient, type ClientOptions, createClient } from '../../../src/kubernetes/transport.ts'
import { waitUntil } from '../../cluster/wait-until.ts'
import { type FaultProxy, startFaultProxy } from '../fault-proxy.ts'

export const namespaces: Resource<KubernetesObject> = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
}

/** Undone in reverse order after each test. */
const cleanups: (() => Promise<unknown> | void)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

/** Calls `cleanup` after the test, however it ends. */
export const onTestEnd = (cleanup: () => Promise<unknown> | void): void => {
  cleanups.push(cleanup)
}

export const loadKubeConfig = (path: string): KubeConfig => {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(path)
  return kubeConfig
}

/** A client that is closed after the test. */
export const clientOf = (kubeconfig: string, options: Partial<ClientOptions> = {}): ApiClient => {
  const client = createClient({ kubeConfig: loadKubeConfig(kubeconfig), userAgent: 'runtime-test', ...options })
  onTestEnd(() => client.close())
  return client
}

/** A fault proxy that is stopped after the test. */
export const proxyOf = async (kubeconfig: string): Promise<FaultProxy> => {
  const proxy = await startFaultProxy({ target: kubeconfig })
  onTestEnd(() => proxy.stop())
  return proxy
}

/** A namespace of the test's own. */
export const newNamespace = async (client: ApiClient): Promise<string> => {
  const name = `test-${randomBytes(4).toString('hex')}`
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  return name
}

export const configMap = (namespace: string, name: string, data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name },
  data,
})

/** Remembers what is logged at warn and above. */
export const recordingLogger = (lines: string[] = []): { readonly log: Logger; readonly lines: readonly string[] } => {
  const log: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields, message) => void lines.push(`warn ${message} ${JSON.stringify(fields)}`),
    error: (fields, message) => void lines.push(`error ${message} ${JSON.stringify(fields)}`),
    child: () => log,
  }
  return { log, lines }
}

/** A running informer of config maps, stopped after the test, with the changes that it told. */
export const informerOf = (client: ApiClient, options: InformerOptions) => {
  const { log, lines } = recordingLogger()
  const metrics = createMetrics()
  // the shortest of all back-offs
  const random = () => 1
  const informer = new Informer(configMaps, options, { watcher: client, clock: systemClock, log, metrics, random })
  const changes: string[] = []
  informer.onChange(({ type, object }) => changes.push(`${type} ${object.metadata.name}`))
  const stop = new AbortController()
  const running = informer.run(stop.signal)
  onTestEnd(async () => {
    stop.abort()
    await running
  })
  const listCount = async (): Promise<number> =>
    (await metrics.informerListsTotal.get()).values.reduce((sum, { value }) => sum + value, 0)
  const stallCount = async (): Promise<number> =>
    (await metrics.informerStallsTotal.get()).values.reduce((sum, { value }) => sum + value, 0)
  /** Names and data of what the cache holds besides what Kubernetes puts into every namespace. */
  const contents = (): Record<string, string | undefined> =>
    Object.fromEntries(
      informer
        .list()
        .filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt')
        .map(({ metadata, data }) => [metadata.name, data?.['value']]),
    )
  return { informer, changes, contents, lines, listCount, stallCount, stop, running }
}

/** Waits until `read` gives what is expected. */
export const eventually = async <T>(read: () => T | Promise<T>, expected: T, timeoutMs = 30_000): Promise<void> => {
  const wanted = JSON.stringify(expected)
  let last = ''
  try {
    await waitUntil('', async () => (last = JSON.stringify(await read())) === wanted, { timeoutMs, intervalMs: 20 })
  } catch {
    throw new Error(`expected ${wanted} within ${timeoutMs} ms, last was ${last}`)
  }
}
