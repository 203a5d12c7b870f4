import type { ReadSessionStore } from '../../api/resources.ts'
import { endpointSlices, type EndpointSlice } from '../../kubernetes/kinds.ts'
import { port, tlsPort } from '../../redis/config.ts'
import { managedBy, objectNames, ownedMetadata, storeName, storeNamespace } from '../names.ts'
import type { StoreNode } from '../observe.ts'
import { wantsTls } from '../tls/speaks-tls.ts'
import type { Desired } from './desired.ts'

/**
 * Where the primary's Service leads: to one address, that of the primary, or nowhere. The operator writes it itself, so that a change is one write that
 * takes effect at once. A selector would have the controller of Kubernetes write it anew whenever any pod comes, goes or is ready, and kube-proxy takes
 * over one change a second: the one that counts would wait behind those (docs/adr/0008).
 */
export const primaryEndpoints = (
  store: ReadSessionStore,
  primary: Pick<StoreNode, 'name' | 'uid' | 'address' | 'pod'> | undefined,
): Desired<EndpointSlice> => {
  const { service, primaryEndpoints: name } = objectNames(storeName(store))
  const metadata = ownedMetadata(store, name)
  const address = primary?.address
  return {
    resource: endpointSlices,
    object: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        ...metadata,
        labels: {
          ...metadata.labels,
          'kubernetes.io/service-name': service,
          'endpointslice.kubernetes.io/managed-by': managedBy['app.kubernetes.io/managed-by'],
        },
      },
      addressType: address?.includes(':') ? 'IPv6' : 'IPv4',
      // One that the Service has not leads nowhere.
      ports: [
        { name: 'redis', port, protocol: 'TCP' },
        ...(wantsTls(store) ? [{ name: 'redis-tls', port: tlsPort, protocol: 'TCP' }] : []),
      ],
      endpoints:
        primary && address !== undefined
          ? [
              {
                addresses: [address],
                conditions: { ready: true, serving: true, terminating: false },
                ...(primary.pod?.spec?.nodeName === undefined ? {} : { nodeName: primary.pod.spec.nodeName }),
                targetRef: { kind: 'Pod', name: primary.name, namespace: storeNamespace(store), uid: primary.uid },
              },
            ]
          : [],
    },
  }
}
