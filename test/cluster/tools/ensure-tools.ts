import { join } from 'node:path'
import { buildGoProgram, type Log } from './build-go-program.ts'
import { ensureDebianPackages } from './debian-packages.ts'
import { coreDns, helm, kubernetes, localPathProvisioner } from './go-programs.ts'

export interface Tools {
  /** Folder with etcd, kubectl and the parts of Kubernetes. */
  readonly kubernetes: string
  readonly kubectl: string
  readonly helm: string
  readonly coreDns: string
  readonly localPathProvisioner: string
}

/** Everything the local cluster is made from, installed and built if it is not there yet. */
export const ensureTools = async (log: Log): Promise<Tools> => {
  await ensureDebianPackages(log)
  // one after the other: each build uses all cores
  const bin = await buildGoProgram(kubernetes, log)
  return {
    kubernetes: bin,
    kubectl: join(bin, 'kubectl'),
    helm: join(await buildGoProgram(helm, log), 'helm'),
    coreDns: join(await buildGoProgram(coreDns, log), 'coredns'),
    localPathProvisioner: join(await buildGoProgram(localPathProvisioner, log), 'local-path-provisioner'),
  }
}
