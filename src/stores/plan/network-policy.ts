import type { ReadSessionStore } from '../../api/resources.ts'
import { networkPolicies, type NetworkPolicy } from '../../kubernetes/kinds.ts'
import { port } from '../../redis/config.ts'
import { objectNames, ownedMetadata, selectorLabels, storeName } from '../names.ts'
import type { Desired } from './desired.ts'

/** Where the operator's own pods are. */
export interface OperatorPods {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

/**
 * Nothing may reach the store's pods but its declared clients and the operator, and they may reach nothing at all: Redis needs no
 * names and no peers here. The kubelet's probes come from the pod's own node, which is always let through.
 */
export const networkPolicy = (store: ReadSessionStore, operator: OperatorPods): Desired<NetworkPolicy> => ({
  resource: networkPolicies,
  object: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: ownedMetadata(store, objectNames(storeName(store)).networkPolicy),
    spec: {
      podSelector: { matchLabels: selectorLabels(store) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          from: [
            {
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': operator.namespace } },
              podSelector: { matchLabels: operator.labels },
            },
          ],
          ports: [{ port, protocol: 'TCP' }],
        },
        ...store.spec.clients.map((client) => ({
          from: client.from.map((peer) => ({ ...peer })),
          ports: [{ port, protocol: 'TCP' }],
        })),
      ],
      egress: [],
    },
  },
})
