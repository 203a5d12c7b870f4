import type { TestProject } from 'vitest/node'
import type { Cluster } from '../cluster/cluster.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { policiesInForce } from '../clients/flush.ts'
import { operatorNamespace } from './fixtures.ts'
import { installOperator } from './install.ts'
import { Kubectl } from './kubectl.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Path of the cluster's admin kubeconfig; also in the environment as KUBECONFIG. */
    readonly kubeconfig: string
  }
}

/** What must be on the cluster before the first test of a tier; each is called once per run, in this order. */
const preparations: readonly ((cluster: Cluster) => Promise<void>)[] = [
  async (cluster) => await installOperator(cluster, { namespace: operatorNamespace, watch: 'all' }),
  // On a fresh cluster a flush of the first seconds is refused: nobody can prove who asked.
  async (cluster) => await policiesInForce(new Kubectl(cluster)),
]

/**
 * Gives the tests a cluster: the running one, or a new one. It is left running: `test/run.ts` takes it down after the
 * last tier, unless told to keep it. A test that needs more than the kubeconfig calls `openCluster()` itself, which
 * finds this one.
 */
export const setup = async (project: TestProject): Promise<void> => {
  const cluster = await openCluster()
  process.env['KUBECONFIG'] = cluster.kubeconfig
  project.provide('kubeconfig', cluster.kubeconfig)
  for (const prepare of preparations) await prepare(cluster)
}
