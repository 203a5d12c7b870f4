import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeProcess } from '../cluster.ts'
import { attempt } from '../command.ts'
import { featureGates, flags } from '../flags.ts'
import { startRecorded } from '../recorded-process.ts'
import { pauseTag } from '../images/catalog.ts'
import { waitUntil } from '../wait-until.ts'
import { kubeconfigOf } from './control-plane.ts'
import { insideNode, type Layout, type NodeLayout } from './layout.ts'

export interface NodeStart {
  readonly layout: Layout
  readonly node: NodeLayout
  /** Folder of the Kubernetes programs. */
  readonly bin: string
  readonly featureGates: Readonly<Record<string, boolean>> | undefined
}

export const recordName = (node: NodeLayout, process: NodeProcess): string => `${node.name}-${process}`

const podNetwork = ({ podRange, state, device }: NodeLayout): unknown => ({
  cniVersion: '1.0.0',
  name: device,
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        ranges: [[{ subnet: podRange }]],
        routes: [{ dst: '0.0.0.0/0' }],
        dataDir: join(state, 'addresses'),
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
})

const containerdConfig = ({ state, run, socket }: NodeLayout): string => `version = 2
root = "${state}/containerd"
state = "${run}/containerd"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseTag}"
  # without CAP_SYS_RESOURCE a negative oom_score_adj cannot be set, and no container starts
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${state}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "${run}/runc"
`

const kubeletConfig = ({ layout, node, featureGates }: NodeStart): unknown => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  featureGates: featureGates ?? {},
  failCgroupV1: false,
  cgroupDriver: 'cgroupfs',
  cgroupRoot: `/${node.device}`,
  // only the API server on this host reaches it
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  containerRuntimeEndpoint: `unix://${node.socket}`,
  clusterDNS: [layout.dnsIp],
  clusterDomain: 'cluster.local',
  maxPods: 250,
  oomScoreAdj: 0,
  failSwapOn: false,
  resolvConf: '/dev/null',
  enforceNodeAllocatable: [],
  evictionHard: { 'memory.available': '200Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  // the images were put there by hand: nothing could fetch them again
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
  podLogsDir: join(node.state, 'pod-logs'),
  nodeStatusUpdateFrequency: '2s',
  // tests kill one container many times: the wait between would double up to five minutes
  crashLoopBackOff: { maxContainerRestartPeriod: '1s' },
  registerWithTaints: [],
})

/** kubelet wants the root of its cgroups to exist; a new cpuset may not run anything until it has cpus and memory. */
const makeCgroups = ({ device }: NodeLayout): void => {
  const root = '/sys/fs/cgroup'
  if (existsSync(join(root, 'cgroup.controllers'))) {
    mkdirSync(join(root, device), { recursive: true })
    return
  }
  for (const controller of readdirSync(root)) {
    if (controller !== 'unified') mkdirSync(join(root, controller, device), { recursive: true })
  }
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    writeFileSync(join(root, 'cpuset', device, file), readFileSync(join(root, 'cpuset', file)))
  }
}

const command = (start: NodeStart, process: NodeProcess): readonly string[] => {
  const { layout, node, bin } = start
  switch (process) {
    case 'containerd':
      return ['containerd', '--config', join(node.state, 'containerd.toml')]
    case 'kubelet':
      return [
        join(bin, 'kubelet'),
        ...flags({
          config: join(node.state, 'kubelet.json'),
          kubeconfig: kubeconfigOf(layout, node.name),
          'root-dir': join(node.state, 'kubelet'),
          'cert-dir': join(node.state, 'kubelet-keys'),
          'hostname-override': node.name,
          'node-ip': node.ip,
        }),
      ]
    case 'kube-proxy':
      return [
        join(bin, 'kube-proxy'),
        ...flags({
          kubeconfig: kubeconfigOf(layout, 'proxy'),
          'hostname-override': node.name,
          'cluster-cidr': layout.podRange,
          'proxy-mode': 'nftables',
          'conntrack-max-per-core': 0,
          'oom-score-adj': 0,
          'feature-gates': featureGates(start.featureGates),
        }),
      ]
    default:
      return process satisfies never
  }
}

export const startNodeProcess = (start: NodeStart, process: NodeProcess): void => {
  const { layout, node } = start
  startRecorded(layout.state, recordName(node, process), [...insideNode(node), ...command(start, process)])
}

/** Starts the node's containerd, and resolves when it answers. Needs no API server. */
export const startContainerd = async (start: NodeStart): Promise<void> => {
  const { node } = start
  mkdirSync(join(node.state, 'cni'), { recursive: true })
  mkdirSync(node.run, { recursive: true })
  writeFileSync(join(node.state, 'cni', '10-pods.conflist'), JSON.stringify(podNetwork(node)))
  writeFileSync(join(node.state, 'containerd.toml'), containerdConfig(node))
  writeFileSync(join(node.state, 'kubelet.json'), JSON.stringify(kubeletConfig(start)))
  makeCgroups(node)
  startNodeProcess(start, 'containerd')
  const answers = (): Promise<unknown> => attempt('ctr', ['--address', node.socket, 'version'])
  await waitUntil(`containerd of ${node.name} (log: ${start.layout.state}/logs)`, answers, { timeoutMs: 30_000 })
}
