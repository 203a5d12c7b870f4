import type { TestProject } from 'vitest/node'
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

/**
 * Gives the tests a cluster: the running one, or a new one. It is left running: `test/run.ts` takes it down after the
 * last tier, unless told to keep it. A test that needs more than the kubeconfig calls `openCluster()` itself, which
 * finds this one.
 */
export const setup = async (project: TestProject): Promise<void> => await prepare(project, {})

/** Installs the operator for all namespaces; with no `replicas` of it only what it needs on the cluster. */
export const prepare = async (project: TestProject, values: { readonly replicas?: number }): Promise<void> => {
  const cluster = await openCluster()
  process.env['KUBECONFIG'] = cluster.kubeconfig
  project.provide('kubeconfig', cluster.kubeconfig)
  await installOperator(cluster, { namespace: operatorNamespace, watch: 'all', values })
  // On a fresh cluster a flush of the first seconds is refused: nobody can prove who asked.
  await policiesInForce(new Kubectl(cluster))
}
