import type { ReadSessionStore } from '../../api/resources.ts'
import { objectNames, storeName, storeNamespace } from '../names.ts'

/**
 * What a store's servers may be called: its Services, in the forms that resolve within the cluster, each pod behind the headless one, and the near end
 * of `kubectl port-forward`. The cluster's domain cannot be known; the usual one is in.
 */
export const serverNames = (store: ReadSessionStore): readonly string[] => {
  const { service, replicaService, headlessService } = objectNames(storeName(store))
  const namespace = storeNamespace(store)
  const forms = (name: string) => [
    `${name}.${namespace}.svc`,
    `${name}.${namespace}.svc.cluster.local`,
    `${name}.${namespace}`,
  ]
  const services = [service, replicaService, headlessService].flatMap((name) => [...forms(name), name])
  return [...services, ...forms(`*.${headlessService}`), 'localhost']
}
