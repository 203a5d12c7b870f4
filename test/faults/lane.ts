import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { flushSessions } from '../../src/api/resources.ts'
import type { Client } from '../../src/kubernetes/client.ts'
import { leases } from '../../src/kubernetes/elector.ts'
import { isApiError } from '../../src/kubernetes/errors.ts'
import { createClient } from '../../src/kubernetes/transport.ts'
import type { Cluster } from '../cluster/cluster.ts'
import {
  engines,
  clientPod,
  redisImage,
  restrictedNamespace,
  untilRunning,
  untilServiceAccount,
} from '../e2e/fixtures.ts'
import { Kubectl } from '../e2e/kubectl.ts'
import { Objects } from '../e2e/objects.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { startFaultProxy, type FaultProxy } from '../integration/fault-proxy.ts'
import { startOperator, type OperatorProcess } from './operator-process.ts'
import { openRelay } from './relay.ts'

export const operatorName = 'faults'

/** A namespace of its own, served by operators of its own behind a fault proxy of its own. */
export interface Lane {
  readonly cluster: Cluster
  readonly namespace: string
  readonly objects: Objects
  /** The administrator, past the proxy. */
  readonly api: Client
  readonly proxy: FaultProxy
  readonly auditLog: string
  /** Starts an operator; it leads as soon as the lease lets it. */
  start(): Promise<OperatorProcess>
  /**
   * Makes the lease of a dead leader look as it will when its 15 s have passed: gone. What the next leader then does is the same, and thirty
   * crashes take a minute instead of eight. How long the real one takes is measured in two-leaders.test.ts.
   */
  expireLease(): Promise<void>
  close(): Promise<void>
}

const operatorLabels = { app: 'operator' }
const manifest = {
  Redis: { [engines.Redis]: { image: redisImage } },
  Valkey: { [engines.Valkey]: { image: 'docker.io/valkey/valkey:9.1' } },
}

export const openLane = async (cluster: Cluster, namespace: string): Promise<Lane> => {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(cluster.kubeconfig)
  const api = createClient({ kubeConfig, userAgent: 'faults-test' })
  const objects = new Objects(new Kubectl(cluster))
  await removeNamespace(objects, api, namespace)
  await objects.apply(restrictedNamespace(namespace))
  await untilServiceAccount(objects, namespace)
  const [node] = cluster.nodes()
  if (!node) throw new Error('the cluster has no node')
  // Both on one node: what is cut off from the operator is not so from the application, and the other way round.
  const pods = [clientPod(namespace, 'client', { app: 'web' }), clientPod(namespace, 'operator', operatorLabels)].map(
    (pod) => ({ ...pod, spec: { ...pod.spec, nodeName: node.name } }),
  )
  await objects.apply(...pods)
  for (const pod of pods) await untilRunning(objects, namespace, pod.metadata.name)

  const folder = mkdtempSync(join(tmpdir(), `${namespace}-`))
  const proxy = await startFaultProxy({ target: cluster.kubeconfig })
  const relay = await openRelay(proxy.url, node.ip)
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, readFileSync(proxy.kubeconfig, 'utf8').replace(proxy.url, relay.url), { mode: 0o600 })
  const enginesFile = join(folder, 'engines.yaml')
  writeFileSync(enginesFile, JSON.stringify(manifest))
  const auditLog = join(folder, 'audit.jsonl')
  const netns = await cluster.podNetns(namespace, 'operator')
  const started: OperatorProcess[] = []

  return {
    cluster,
    namespace,
    objects,
    api,
    proxy,
    auditLog,
    start: async () => {
      const operator = await startOperator({
        netns,
        kubeconfig,
        logFile: join(folder, `operator-${started.length}.log`),
        args: [
          `--operator-namespace=${namespace}`,
          `--namespaces=${namespace}`,
          `--name=${operatorName}`,
          `--identity=operator-${started.length}`,
          `--engines=${enginesFile}`,
          `--audit-log=${auditLog}`,
          `--pod-labels=${Object.entries(operatorLabels).flat().join('=')}`,
          '--health-port=0',
          '--metrics-port=0',
        ],
      })
      started.push(operator)
      return operator
    },
    expireLease: async () => {
      try {
        await api.delete(leases, { namespace, name: operatorName })
      } catch (error) {
        if (!isApiError(error, 'notFound')) throw error
      }
    },
    close: async () => {
      proxy.faults.clear()
      for (const operator of started) {
        operator.signal('SIGKILL')
        await operator.exited
      }
      // An API server that a test has killed comes back; what the test has found must not be hidden by it.
      await waitUntil('the API server answers', () => api.list(flushSessions, { namespace }), { timeoutMs: 60_000 })
      await removeNamespace(objects, api, namespace)
      await relay.close()
      await proxy.stop()
      await api.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What an interrupted run left may hold finalizers that nobody will take away. */
const removeNamespace = async (objects: Objects, api: Client, namespace: string): Promise<void> => {
  for (const { metadata } of await api.list(flushSessions, { namespace })) {
    if (!metadata.finalizers?.length) continue
    await api.patch(flushSessions, { namespace, name: metadata.name ?? '' }, { metadata: { finalizers: null } })
  }
  await objects.run(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=true'])
}
