import * as fc from 'fast-check'

/** Two namespaces with the same three pods each; the nodes alternate, so that both kinds of path are there. */
export const namespaces = ['policy-a', 'policy-b'] as const
export const roles = ['web', 'api', 'db'] as const

/** The name `main` stands for another port in each pod, and for none in `db`. */
export const mainPorts: Readonly<Record<string, number | undefined>> = { web: 80, api: 81 }

const labels = fc.constantFrom(...roles)

const selector = fc.oneof(
  fc.constant({}),
  labels.map((role) => ({ matchLabels: { role } })),
  fc
    .record({
      key: fc.constant('role'),
      operator: fc.constantFrom('In', 'NotIn'),
      values: fc.subarray([...roles], { minLength: 1 }),
    })
    .map((expression) => ({ matchExpressions: [expression] })),
  fc.constantFrom('Exists', 'DoesNotExist').map((operator) => ({ matchExpressions: [{ key: 'tier', operator }] })),
)

const namespaceSelector = fc.oneof(
  fc.constant({}),
  fc.constantFrom(...namespaces).map((name) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })),
)

/** Blocks of addresses, made from those that the pods have got. */
const ipBlock = (addresses: readonly string[]): fc.Arbitrary<{ cidr: string; except?: string[] }> =>
  fc.oneof(
    fc.constantFrom(...addresses).map((ip) => ({ cidr: `${ip}/32` })),
    fc.constantFrom(...addresses).map((ip) => ({ cidr: '0.0.0.0/0', except: [`${ip}/32`] })),
    fc.constantFrom(...addresses).map((ip) => ({ cidr: `${ip.split('.').slice(0, 3).join('.')}.0/24` })),
  )

const peer = (addresses: readonly string[]): fc.Arbitrary<object> =>
  fc.oneof(
    fc.record({ podSelector: selector }),
    fc.record({ namespaceSelector }),
    fc.record({ podSelector: selector, namespaceSelector }),
    fc.record({ ipBlock: ipBlock(addresses) }),
  )

const port = fc.oneof(
  fc.constantFrom<object>(
    { protocol: 'TCP', port: 80 },
    { protocol: 'TCP', port: 81 },
    { protocol: 'UDP', port: 80 },
    { protocol: 'TCP' },
    { protocol: 'UDP' },
    { protocol: 'TCP', port: 'main' },
    { protocol: 'TCP', port: 80, endPort: 81 },
  ),
)

const rule = (side: 'from' | 'to', addresses: readonly string[]): fc.Arbitrary<object> =>
  fc.record(
    { [side]: fc.array(peer(addresses), { maxLength: 2 }), ports: fc.array(port, { maxLength: 2 }) },
    { requiredKeys: [] },
  )

const policy = (addresses: readonly string[]): fc.Arbitrary<object> =>
  fc
    .record({
      namespace: fc.constantFrom(...namespaces),
      policyTypes: fc.constantFrom<readonly string[]>(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
      podSelector: selector,
      ingress: fc.array(rule('from', addresses), { maxLength: 2 }),
      egress: fc.array(rule('to', addresses), { maxLength: 2 }),
    })
    .map(({ namespace, ingress, egress, ...spec }) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace },
      spec: {
        ...spec,
        ...(spec.policyTypes.includes('Ingress') ? { ingress } : {}),
        ...(spec.policyTypes.includes('Egress') ? { egress } : {}),
      },
    }))

/** Sets of policies, always the same ones for the same seed and addresses. */
export const policySets = (addresses: readonly string[], count: number, seed: number): readonly (readonly object[])[] =>
  fc.sample(fc.array(policy(addresses), { minLength: 1, maxLength: 3 }), { numRuns: count, seed })
