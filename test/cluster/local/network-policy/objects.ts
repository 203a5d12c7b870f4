import type { LabelSelector } from '../../../../src/kubernetes/selector.ts'

/** The parts of Kubernetes objects that NetworkPolicy looks at (networking.k8s.io/v1). */

export type Labels = Readonly<Record<string, string>>

interface Metadata {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly namespace?: string
  readonly labels?: Labels
}

export interface Namespace {
  readonly metadata: Metadata
}

export interface Pod {
  readonly metadata: Metadata
  readonly spec: {
    readonly hostNetwork?: boolean
    readonly containers: readonly {
      readonly ports?: readonly {
        readonly name?: string
        readonly containerPort: number
        readonly protocol?: string
      }[]
    }[]
  }
  readonly status?: { readonly phase?: string; readonly podIP?: string }
}

export interface Peer {
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] }
}

export interface Port {
  readonly protocol?: string
  readonly port?: number | string
  readonly endPort?: number
}

export interface Rule {
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly ports?: readonly Port[]
}

export interface NetworkPolicy {
  readonly metadata: Metadata
  readonly spec: {
    readonly podSelector?: LabelSelector
    readonly policyTypes?: readonly string[]
    readonly ingress?: readonly Rule[]
    readonly egress?: readonly Rule[]
  }
}

export interface Observed {
  readonly namespaces: readonly Namespace[]
  readonly pods: readonly Pod[]
  readonly policies: readonly NetworkPolicy[]
}
