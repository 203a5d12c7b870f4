import { redisImage } from './fixtures.ts'
import type { Suite } from './suite.ts'

/** A bare StatefulSet of the same image, with as many pods: what a store's way to Ready is measured beside. */
const bareRedis = (namespace: string, name: string, replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name, namespace },
  spec: {
    replicas,
    podManagementPolicy: 'Parallel',
    serviceName: name,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 0,
        securityContext: { runAsNonRoot: true, runAsUser: 999, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'redis',
            image: redisImage,
            command: ['redis-server', '--save', '', '--dir', '/tmp'],
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            readinessProbe: { exec: { command: ['redis-cli', 'ping'] }, periodSeconds: 1 },
          },
        ],
      },
    },
  },
})

/** How long such a StatefulSet takes from `kubectl apply` until all of its pods are ready, in s; it goes again. */
export const bareRedisSeconds = async ({ objects, namespace }: Suite, name: string, pods: number): Promise<number> => {
  const startedMs = performance.now()
  await objects.apply(bareRedis(namespace, name, pods))
  await objects.until(
    'statefulset',
    name,
    namespace,
    'ready',
    (set) => (set['status'] as { readyReplicas?: number } | undefined)?.readyReplicas === pods,
  )
  const seconds = (performance.now() - startedMs) / 1000
  await objects.delete('statefulset', name, namespace)
  return seconds
}
