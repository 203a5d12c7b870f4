import type { Cluster, ClusterOptions } from './cluster.ts'
import { whyNotKind } from './kind/available.ts'
import { kindCluster } from './kind/kind-cluster.ts'
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
  const reason = await whyNotKind()
  if (reason === undefined) return kindCluster(options)
  if (process.env['TEST_CLUSTER'] === 'kind') throw new Error(`TEST_CLUSTER is kind, and ${reason}`)
  return localCluster(options)
}
