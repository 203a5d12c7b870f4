import type { TestProject } from 'vitest/node'
import { openCluster } from '../cluster/open-cluster.ts'
import { prepare } from '../e2e/global-setup.ts'
import { Kubectl } from '../e2e/kubectl.ts'
import { Objects } from '../e2e/objects.ts'
import { scaleOperator } from '../e2e/operator.ts'

/** CRDs and admission policies, and no operator: each test starts its own, behind a proxy that it can break. */
export const setup = async (project: TestProject): Promise<void> => {
  await prepare(project, { replicas: 0 })
  // One of a tier before may still be going.
  await scaleOperator(new Objects(new Kubectl(await openCluster())), 0)
}
