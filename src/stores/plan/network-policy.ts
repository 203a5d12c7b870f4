import type { ReadSessionStore } from '../../api/resources.ts'
import { networkPolicies, type NetworkPolicy } from '../../kubernetes/kinds.ts'
import { port, tlsPort } from '../../redis/config.ts'
import { objectNames, ownedMetadata, selectorLabels, storeName } from '../names.ts'
import { isReplicated } from '../topology/replicas.ts'
import type { Desired } from './desired.ts'
import type { ServedPorts } from './services.ts'

/** Where the operator's own pods are. */
export interface OperatorPods {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

/**
 * Nothing may reach the store's pods but its declared clients, the operator and the store's own replicas, and they may reach nothing but each
 * other: Redis needs no names here. The kubelet's probes come from the pod's own node, which is always let through.
 */
export const networkPolicy = (
  store: ReadSessionStore,
  operator: OperatorPods,
  served: ServedPorts,
): Desired<NetworkPolicy> => {
  const ports = [...(served.plaintext ? [port] : []), ...(served.tls ? [tlsPort] : [])].map((port) => ({
    port,
    protocol: 'TCP',
  }))
  const peers = [{ podSelector: { matchLabels: selectorLabels(store) } }]
  return {
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
            ports,
          },
          ...(isReplicated(store) ? [{ from: peers, ports }] : []),
          ...store.spec.clients.map((client) => ({
            from: client.from.map((peer) => ({ ...peer })),
            ports,
          })),
        ],
        egress: isReplicated(store) ? [{ to: peers, ports }] : [],
      },
    },
  }
}
