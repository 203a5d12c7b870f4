import { join } from 'node:path'

/** A Go program, built from modules whose checksums are pinned. */
export interface GoProgram {
  readonly name: string
  /** A folder with main.go, go.mod and go.sum, or a package that `go install` builds with the checksums of its own go.sum. */
  readonly source: { readonly folder: string } | { readonly package: string; readonly version: string }
  readonly ldflags: string
  /** Links to the binary under these names. */
  readonly links: readonly string[]
  /** How long a first build takes on two cores, for the message that asks for patience. */
  readonly coldBuild: string
}

const here = join(import.meta.dirname, '..')
const version = 'k8s.io/component-base/version'

export const kubernetes: GoProgram = {
  name: 'kubernetes',
  source: { folder: join(here, 'kubernetes') },
  ldflags: `-s -w -X ${version}.gitVersion=v1.36.3 -X ${version}.gitMajor=1 -X ${version}.gitMinor=36`,
  links: ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl'],
  coldBuild: '6 to 25 minutes',
}

export const helm: GoProgram = {
  name: 'helm',
  source: { package: 'helm.sh/helm/v4/cmd/helm', version: 'v4.3.1' },
  ldflags: '-s -w',
  links: [],
  coldBuild: '2 minutes',
}

export const coreDns: GoProgram = {
  name: 'coredns',
  source: { folder: join(here, 'coredns') },
  ldflags: '-s -w',
  links: [],
  coldBuild: '2 minutes',
}

export const localPathProvisioner: GoProgram = {
  name: 'local-path-provisioner',
  source: { package: 'github.com/rancher/local-path-provisioner', version: 'v0.0.30' },
  ldflags: '-s -w',
  links: [],
  coldBuild: '2 minutes',
}

/** An independent judge of NetworkPolicies. */
export const cyclonus: GoProgram = {
  name: 'cyclonus-verdicts',
  source: { folder: join(here, 'cyclonus') },
  ldflags: '-s -w',
  links: [],
  coldBuild: '2 minutes',
}

/** Kubernetes in Docker: 0.33 brings Kubernetes 1.37, and enforces NetworkPolicies. */
export const kind: GoProgram = {
  name: 'kind',
  source: { package: 'sigs.k8s.io/kind', version: 'v0.33.0' },
  ldflags: '-s -w',
  links: [],
  coldBuild: '1 minute',
}
