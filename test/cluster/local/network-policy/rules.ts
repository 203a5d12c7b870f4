import { matchesLabels } from '../../../../src/kubernetes/selector.ts'
import type { NetworkPolicy, Observed, Peer, Pod, Port, Rule } from './objects.ts'

type Direction = 'Ingress' | 'Egress'
type Address = Pod & { readonly ip: string }

/** A pod with an address of its own that runs, or is about to. */
const addresses = (pods: readonly Pod[]): readonly Address[] =>
  pods.flatMap((pod) => {
    const { podIP: ip, phase } = pod.status ?? {}
    const over = phase === 'Succeeded' || phase === 'Failed'
    return ip === undefined || !ip.includes('.') || over || pod.spec.hostNetwork === true ? [] : [{ ...pod, ip }]
  })

const applies = ({ spec }: NetworkPolicy, direction: Direction): boolean =>
  (spec.policyTypes ?? (spec.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress'])).includes(direction)

const namedPort = (pod: Pod, name: string, protocol: string): number | undefined =>
  pod.spec.containers
    .flatMap((container) => container.ports ?? [])
    .find((port) => port.name === name && (port.protocol ?? 'TCP') === protocol)?.containerPort

const setOf = (elements: readonly (string | number)[]): string => `{ ${elements.join(', ')} }`

/** Conditions on the other end of a connection, each an nft expression (empty: any) and the pods it stands for. */
interface PeerMatch {
  readonly expression: string
  /** `undefined`: any address, not only pods. */
  readonly pods: readonly Address[] | undefined
}

const peerMatches = (
  peers: readonly Peer[] | undefined,
  side: 'saddr' | 'daddr',
  policy: NetworkPolicy,
  observed: Observed,
  all: readonly Address[],
): readonly PeerMatch[] => {
  if (peers === undefined || peers.length === 0) return [{ expression: '', pods: undefined }]
  return peers.flatMap(({ ipBlock, podSelector, namespaceSelector }): readonly PeerMatch[] => {
    if (ipBlock !== undefined) {
      if (!ipBlock.cidr.includes('.')) return [] // IPv6, of which this cluster has none
      const except = ipBlock.except ?? []
      const but = except.length === 0 ? '' : ` ip ${side} != ${setOf(except)}`
      return [{ expression: `ip ${side} ${ipBlock.cidr}${but}`, pods: undefined }]
    }
    const namespaces = new Set(
      namespaceSelector === undefined
        ? [policy.metadata.namespace]
        : observed.namespaces
            .filter((each) => matchesLabels(namespaceSelector, each.metadata.labels))
            .map((each) => each.metadata.name),
    )
    const pods = all.filter(
      ({ metadata }) => namespaces.has(metadata.namespace) && matchesLabels(podSelector ?? {}, metadata.labels),
    )
    return pods.length === 0 ? [] : [{ expression: `ip ${side} ${setOf(pods.map((pod) => pod.ip))}`, pods }]
  })
}

/** The rules that let pass what one port of a rule allows, from or to one peer. */
const portRules = (
  { protocol = 'TCP', port, endPort }: Port,
  peer: PeerMatch,
  direction: Direction,
  pod: Address,
  all: readonly Address[],
): readonly string[] => {
  const transport = protocol.toLowerCase()
  if (port === undefined) return [`${peer.expression} ip protocol ${transport} return`]
  if (typeof port === 'number') {
    return [`${peer.expression} ${transport} dport ${endPort === undefined ? port : `${port}-${endPort}`} return`]
  }
  // a name is looked up at the end that listens
  if (direction === 'Ingress') {
    const number = namedPort(pod, port, protocol)
    return number === undefined ? [] : [`${peer.expression} ${transport} dport ${number} return`]
  }
  return (peer.pods ?? all).flatMap((target) => {
    const number = namedPort(target, port, protocol)
    return number === undefined ? [] : [`${peer.expression} ip daddr ${target.ip} ${transport} dport ${number} return`]
  })
}

const chainOf = (
  pod: Address,
  direction: Direction,
  policies: readonly NetworkPolicy[],
  observed: Observed,
  all: readonly Address[],
): string => {
  const side = direction === 'Ingress' ? 'saddr' : 'daddr'
  const allowed = policies.flatMap((policy) => {
    const rules: readonly Rule[] = (direction === 'Ingress' ? policy.spec.ingress : policy.spec.egress) ?? []
    return rules.flatMap((rule) =>
      peerMatches(direction === 'Ingress' ? rule.from : rule.to, side, policy, observed, all).flatMap((peer) =>
        rule.ports === undefined || rule.ports.length === 0
          ? [`${peer.expression} return`]
          : rule.ports.flatMap((port) => portRules(port, peer, direction, pod, all)),
      ),
    )
  })
  // a pod reaches itself, through a Service too, whatever the policies say
  const lines = [`ip ${side} ${pod.ip} return`, ...new Set(allowed), 'drop']
  return `  chain ${chainName(pod, direction)} {\n${lines.map((line) => `    ${line.trim()}\n`).join('')}  }\n`
}

const chainName = (pod: Address, direction: Direction): string =>
  `${direction.toLowerCase()}-${pod.ip.replaceAll('.', '-')}`

/**
 * The nftables script that enforces all policies at a node, replacing what was there in one transaction. It hooks into
 * forwarding only: a node always reaches its own pods, as kubelet's probes must and as real network plugins do.
 * What a policy forbids is dropped; a connection that was established before stays.
 */
export const rulesOf = (observed: Observed): string => {
  const all = addresses(observed.pods)
  const jumps: Record<Direction, string[]> = { Ingress: [], Egress: [] }
  const chains: string[] = []
  for (const pod of all) {
    const selecting = observed.policies.filter(
      ({ metadata, spec }) =>
        metadata.namespace === pod.metadata.namespace && matchesLabels(spec.podSelector ?? {}, pod.metadata.labels),
    )
    for (const direction of ['Ingress', 'Egress'] as const) {
      const policies = selecting.filter((policy) => applies(policy, direction))
      if (policies.length === 0) continue
      jumps[direction].push(`${pod.ip} : jump ${chainName(pod, direction)}`)
      chains.push(chainOf(pod, direction, policies, observed, all))
    }
  }
  const vmap = (side: string, entries: readonly string[]): string =>
    entries.length === 0 ? '' : `    ip ${side} vmap ${setOf(entries)}\n`
  return `table ip network-policy {}
delete table ip network-policy
table ip network-policy {
${chains.join('')}  chain forward {
    type filter hook forward priority 0; policy accept;
    ct state established,related accept
${vmap('saddr', jumps.Egress)}${vmap('daddr', jumps.Ingress)}  }
}
`
}
