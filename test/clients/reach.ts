import { request } from 'undici'
import type { Cluster } from '../cluster/cluster.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import type { Kubectl } from '../e2e/kubectl.ts'
import type { AppOptions } from './driver.ts'

interface NodePortService {
  readonly spec: {
    readonly ports: readonly { readonly nodePort: number }[]
    readonly selector: Readonly<Record<string, string>>
  }
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly deletionTimestamp?: string }
    readonly status: { readonly podIP?: string }
  }[]
}

/** Port that both applications listen on. */
const appPort = 3000

/**
 * How this machine reaches an application: its users by the node port of its Service, its pods one by one. Resolves when the node port leads
 * there: a node learns of new endpoints a moment after the Deployment is available.
 */
export const reach = async (
  cluster: Cluster,
  kubectl: Kubectl,
  namespace: string,
  service: string,
): Promise<AppOptions> => {
  const { spec } = await kubectl.get<NodePortService>(['service', service, `--namespace=${namespace}`])
  const labels = Object.entries(spec.selector).map((pair) => pair.join('='))
  const pods = await kubectl.get<PodList>(['pods', `--namespace=${namespace}`, `--selector=${labels.join(',')}`])
  const [node] = cluster.nodes()
  const [port] = spec.ports
  if (!node || !port) throw new Error(`Service ${namespace}/${service} cannot be reached from outside of the cluster`)
  const running = pods.items.filter((pod) => pod.metadata.deletionTimestamp === undefined)
  const url = `http://${node.ip}:${port.nodePort}`
  await waitUntil(
    `${url} to lead to Service ${namespace}/${service}`,
    async () => {
      const { statusCode, body } = await request(`${url}/healthz`)
      await body.dump()
      return statusCode === 200
    },
    { timeoutMs: 30_000 },
  )
  return {
    url,
    podUrls: running.flatMap(({ status }) => (status.podIP === undefined ? [] : [`http://${status.podIP}:${appPort}`])),
  }
}
