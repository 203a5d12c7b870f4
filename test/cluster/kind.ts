import type { Cluster, ClusterOptions } from './cluster.ts'
import { attempt } from './command.ts'

/** Why kind cannot be used here; `undefined` when it can. */
export const kindReason = async (): Promise<string | undefined> => {
  if ((await attempt('docker', ['info'], { timeoutMs: 10_000 })) === undefined)
    return 'no Docker engine answers `docker info`'
  return undefined
}

export const kindCluster = (_options: ClusterOptions): Promise<Cluster> => Promise.reject(new Error('kind: not yet'))
