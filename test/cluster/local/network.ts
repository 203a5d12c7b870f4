import { run } from '../command.ts'
import { insideNode, type Layout, type NodeLayout } from './layout.ts'

const ip = async (...args: readonly string[]): Promise<void> => {
  await run('ip', args)
}

const connectNode = async (layout: Layout, node: NodeLayout): Promise<void> => {
  const { device } = node
  await ip('netns', 'add', device)
  await ip('link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', device)
  await ip('link', 'set', device, 'master', layout.bridge, 'up')
  const inside = [
    'link set lo up',
    `addr add ${node.ip}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${layout.hostIp}`,
    ...layout.nodes.filter((other) => other !== node).map((other) => `route add ${other.podRange} via ${other.ip}`),
  ]
  await run('ip', ['-n', device, '-batch', '-'], { input: inside.join('\n') })
  await ip('route', 'replace', node.podRange, 'via', node.ip)
  const [nsenter = '', ...args] = insideNode(node)
  // bridged packets must meet the rules too: Services and NetworkPolicies between two pods of one node
  await run(nsenter, [...args, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.bridge.bridge-nf-call-iptables=1'])
}

/** A bridge on the host with the control plane's address, and for each node a network namespace with a cable to it. */
export const makeNetwork = async (layout: Layout): Promise<void> => {
  await ip('link', 'add', layout.bridge, 'type', 'bridge')
  await ip('addr', 'add', `${layout.hostIp}/24`, 'dev', layout.bridge)
  await ip('link', 'set', layout.bridge, 'up')
  // an address of the cluster that has no route must never leave this machine
  await ip('route', 'replace', 'blackhole', layout.range)
  for (const node of layout.nodes) await connectNode(layout, node)
}
