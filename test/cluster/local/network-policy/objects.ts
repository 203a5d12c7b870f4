/** The parts of Kubernetes objects that NetworkPolicy looks at (networking.k8s.io/v1). */

export type Labels = Readonly<Record<string, string>>

export interface Selector {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

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
  readonly podSelector?: Selector
  readonly namespaceSelector?: Selector
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
    readonly podSelector?: Selector
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

/** An empty selector selects everything, as everywhere in Kubernetes. */
export const selects = (selector: Selector, labels: Labels = {}): boolean =>
  Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
  (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key]
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value)
      case 'NotIn':
        return value === undefined || !values.includes(value)
      case 'Exists':
        return value !== undefined
      case 'DoesNotExist':
        return value === undefined
      default:
        return false
    }
  })
