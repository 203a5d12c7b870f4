import type { ReadSessionStore } from '../../api/resources.ts'
import { services, type Service } from '../../kubernetes/kinds.ts'
import { port, tlsPort } from '../../redis/config.ts'
import { objectNames, ownedMetadata, roleLabel, selectorLabels, storeName, type Owner } from '../names.ts'
import { isReplicated } from '../topology/replicas.ts'
import { hasClaims } from './claim.ts'
import type { Desired } from './desired.ts'

/** Which ports a store is served on. */
export interface ServedPorts {
  readonly plaintext: boolean
  readonly tls: boolean
}

const portsOf = ({ plaintext, tls }: ServedPorts) => [
  ...(plaintext ? [{ name: 'redis', port, targetPort: 'redis', protocol: 'TCP' }] : []),
  ...(tls ? [{ name: 'redis-tls', port: tlsPort, targetPort: 'redis-tls', protocol: 'TCP' }] : []),
]

/**
 * What clients connect to: the primary. A Standalone store's only pod, ready or not: there is no other to lead to, and after a crash of Redis nobody has to
 * wait for probes and for kube-proxy. With a claim it must be ready: its probe says that the volume is not from before a flush. Of several pods the one that the
 * operator has written into the EndpointSlice of `primaryEndpoints`: the selector then matches nothing, and Kubernetes' own slice stays empty.
 */
export const primaryService = (store: ReadSessionStore, served: ServedPorts): Desired<Service> => ({
  resource: services,
  object: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(store, objectNames(storeName(store)).service),
    spec: {
      type: 'ClusterIP',
      selector: isReplicated(store)
        ? { ...selectorLabels(store), [roleLabel]: 'in-endpoint-slice' }
        : selectorLabels(store),
      publishNotReadyAddresses: isReplicated(store) || !hasClaims(store),
      ports: portsOf(served),
    },
  },
})

/** For reads that may be a moment old: the replicas that follow the primary. */
export const replicaService = (store: Owner, served: ServedPorts): Desired<Service> => ({
  resource: services,
  object: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(store, objectNames(storeName(store)).replicaService),
    spec: {
      type: 'ClusterIP',
      selector: { ...selectorLabels(store), [roleLabel]: 'replica' },
      ports: portsOf(served),
    },
  },
})

/** Gives each pod a name of its own, ready or not. */
export const headlessService = (store: Owner, served: ServedPorts): Desired<Service> => ({
  resource: services,
  object: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(store, objectNames(storeName(store)).headlessService),
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: selectorLabels(store),
      ports: portsOf(served),
    },
  },
})
