import { services, type Service } from '../../kubernetes/kinds.ts'
import { port } from '../../redis/config.ts'
import { objectNames, ownedMetadata, selectorLabels, storeName, type Owner } from '../names.ts'
import type { Desired } from './desired.ts'

const ports = [{ name: 'redis', port, targetPort: 'redis', protocol: 'TCP' }]

/** What clients connect to: the ready primary. */
export const primaryService = (store: Owner): Desired<Service> => ({
  resource: services,
  object: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(store, objectNames(storeName(store)).service),
    spec: { type: 'ClusterIP', selector: selectorLabels(store), ports },
  },
})

/** Gives each pod a name of its own, ready or not. */
export const headlessService = (store: Owner): Desired<Service> => ({
  resource: services,
  object: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(store, objectNames(storeName(store)).headlessService),
    spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: selectorLabels(store), ports },
  },
})
