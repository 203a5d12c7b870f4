import { join } from 'node:path'
import { stateDirectory } from '../directories.ts'

export interface NodeLayout {
  readonly name: string
  readonly ip: string
  readonly podRange: string
  /** Names its network namespace, its end of the cable on the host, and its cgroup. */
  readonly device: string
  readonly state: string
  /** Short enough for the 108 bytes of a socket's path. */
  readonly run: string
  readonly socket: string
}

/** Every name and address of one cluster. */
export interface Layout {
  readonly name: string
  readonly instance: number
  readonly state: string
  readonly run: string
  /** The bridge of the host that joins nodes and control plane. */
  readonly bridge: string
  /** All addresses of this cluster lie in it. */
  readonly range: string
  readonly hostIp: string
  readonly apiUrl: string
  readonly podRange: string
  readonly serviceRange: string
  readonly dnsIp: string
  readonly etcdPort: number
  readonly nodes: readonly NodeLayout[]
}

export const mostNodes = 3
/** So many clusters can be on one machine. */
export const mostInstances = 8

/**
 * Addresses are from 198.18.0.0/15, which RFC 2544 sets aside for benchmarks: no network routes it, so nothing here can
 * be mistaken for, or reach, another machine. Each instance, 0 to 7, has a /18 of it.
 */
export const layoutOf = (name: string, instance: number, nodes: number): Layout => {
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > mostNodes) {
    throw new Error(`The test cluster has 1 to ${mostNodes} nodes, not ${nodes}.`)
  }
  const prefix = `198.${18 + Math.floor(instance / 4)}`
  const base = (instance % 4) * 64
  const bridge = `sst${instance}`
  const state = stateDirectory(name)
  const run = `/run/${bridge}`
  const hostIp = `${prefix}.${base}.254`
  return {
    name,
    instance,
    state,
    run,
    bridge,
    range: `${prefix}.${base}.0/18`,
    hostIp,
    apiUrl: `https://${hostIp}:6443`,
    podRange: `${prefix}.${base + 16}.0/20`,
    serviceRange: `${prefix}.${base + 32}.0/20`,
    dnsIp: `${prefix}.${base + 32}.10`,
    etcdPort: 22379 + 10 * instance,
    nodes: Array.from({ length: nodes }, (_, index) => {
      const node = `node${index + 1}`
      const pods = `${prefix}.${base + 16 + 4 * index}`
      return {
        name: node,
        ip: `${prefix}.${base}.${index + 1}`,
        // 250 pods, and as many addresses again that are still held by pods on their way out
        podRange: `${pods}.0/22`,
        device: `${bridge}-${node}`,
        state: join(state, node),
        run: join(run, node),
        socket: join(run, node, 'containerd.sock'),
      }
    }),
  }
}

/** `nsenter`, not `ip netns exec`: that one mounts a new /sys, in which the cgroups are missing. */
export const insideNode = (node: NodeLayout): readonly string[] => ['nsenter', `--net=/run/netns/${node.device}`]
