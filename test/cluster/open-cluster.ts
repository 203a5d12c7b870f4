import type { Cluster, ClusterOptions } from './cluster.ts'
import { kindCluster, kindReason } from './kind.ts'
import { localCluster } from './local/local-cluster.ts'

/**
 * The cluster of this machine: the running one, or a new one. Kubernetes in Docker when there is a Docker to run it,
 * otherwise from parts. `TEST_CLUSTER=local` or `TEST_CLUSTER=kind` decides instead.
 */
export const openCluster = async (options: ClusterOptions = {}): Promise<Cluster> => {
  const cluster = await describeCluster(options)
  await cluster.up()
  return cluster
}

/** The same, but not started. */
export const describeCluster = async (options: ClusterOptions = {}): Promise<Cluster> => {
  const wish = process.env['TEST_CLUSTER']
  const without = await kindReason()
  if (wish === 'kind' && without !== undefined) throw new Error(`TEST_CLUSTER=kind: ${without}`)
  return wish === 'local' || without !== undefined ? localCluster(options) : kindCluster(options)
}
