import { beforeAll } from 'vitest'
import type { Cluster } from '../cluster/cluster.ts'
import { openCluster } from '../cluster/open-cluster.ts'

/** The cluster, on which this tier has no operator but those that its tests start. */
export const clusterWithoutOperator = (): (() => Cluster) => {
  let cluster: Cluster | undefined
  beforeAll(async () => {
    cluster = await openCluster({ log: () => undefined })
  })
  return () => {
    if (!cluster) throw new Error('the cluster is not open yet')
    return cluster
  }
}
