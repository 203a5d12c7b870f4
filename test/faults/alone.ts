import { afterAll, beforeAll } from 'vitest'
import type { Cluster } from '../cluster/cluster.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { operatorNamespace } from '../e2e/fixtures.ts'
import { Kubectl } from '../e2e/kubectl.ts'

const deployment = 'deployment/session-store-operator'

/** The cluster, without the operator that Helm installed for all namespaces, as long as the tests of a file run. */
export const clusterWithoutOperator = (): (() => Cluster) => {
  let cluster: Cluster | undefined
  let replicas = 0
  const scale = async (kubectl: Kubectl, count: number): Promise<void> => {
    await kubectl.run(['scale', deployment, `--namespace=${operatorNamespace}`, `--replicas=${count}`])
    await kubectl.run(['rollout', 'status', deployment, `--namespace=${operatorNamespace}`, '--timeout=120s'])
  }
  beforeAll(async () => {
    cluster = await openCluster({ log: () => undefined })
    const kubectl = new Kubectl(cluster)
    const found = await kubectl.get<{ spec: { replicas: number } }>([deployment, `--namespace=${operatorNamespace}`])
    replicas = found.spec.replicas === 0 ? 2 : found.spec.replicas
    await scale(kubectl, 0)
    await kubectl.run([
      'wait',
      'pods',
      '--for=delete',
      `--namespace=${operatorNamespace}`,
      '--selector=app.kubernetes.io/name=session-store-operator',
      '--timeout=60s',
    ])
  })
  afterAll(async () => {
    if (cluster) await scale(new Kubectl(cluster), replicas)
  })
  return () => {
    if (!cluster) throw new Error('the cluster is not open yet')
    return cluster
  }
}
