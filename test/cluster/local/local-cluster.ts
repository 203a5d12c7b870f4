import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isReady } from '../api-request.ts'
import type { Cluster, ClusterNode, ClusterOptions, NodeProcess } from '../cluster.ts'
import { run } from '../command.ts'
import { cacheDirectory } from '../directories.ts'
import { baseImages } from '../images/catalog.ts'
import { withLock } from '../lock.ts'
import { isAlive } from '../process-identity.ts'
import { recordedProcess, recordedProcesses, startRecorded, stopAll } from '../recorded-process.ts'
import { ensureTools, type Tools } from '../tools/ensure-tools.ts'
import { waitUntil } from '../wait-until.ts'
import { addons } from './addons.ts'
import { claimLayout, storedLayout } from './claim.ts'
import { clear } from './clear.ts'
import { importImage, taskPid } from './containers.ts'
import { adminAccess, auditLogOf, kubeconfigOf, startApiServerAgain, startControlPlane } from './control-plane.ts'
import { layoutOf, type Layout, type NodeLayout } from './layout.ts'
import { makeNetwork } from './network.ts'
import { recordName, startContainerd, startNodeProcess, type NodeStart } from './node.ts'
import { partition } from './partition.ts'

/** Written last by `up`: a cluster without it was interrupted. */
interface Complete {
  readonly nodes: number
}

const completeOf = (state: string): Complete | undefined => {
  try {
    return JSON.parse(readFileSync(join(state, 'complete.json'), 'utf8')) as Complete
  } catch {
    return undefined
  }
}

/** Kubernetes on this machine from parts: see docs in the folder's README. Two can run at a time. */
export class LocalCluster implements Cluster {
  readonly kubeconfig: string
  readonly kubectl: string
  readonly helm: string
  readonly auditLog: string
  readonly #tools: Tools
  #layout: Layout
  readonly #options: ClusterOptions
  readonly #log: (line: string) => void

  constructor(tools: Tools, options: ClusterOptions) {
    const name = options.name ?? process.env['TEST_CLUSTER_NAME'] ?? 'cluster'
    this.#layout = storedLayout(name) ?? layoutOf(name, 0, options.nodes ?? 3)
    this.#tools = tools
    this.#options = options
    this.#log = options.log ?? ((line) => console.log(line))
    this.kubeconfig = kubeconfigOf(this.#layout, 'admin')
    this.kubectl = tools.kubectl
    this.helm = tools.helm
    this.auditLog = auditLogOf(this.#layout)
  }

  nodes(): readonly ClusterNode[] {
    return this.#layout.nodes.map(({ name, ip }) => ({ name, ip }))
  }

  async isUp(): Promise<boolean> {
    const { state, nodes } = this.#layout
    const alive = (): boolean =>
      completeOf(state)?.nodes === nodes.length && recordedProcesses(state).every((record) => isAlive(record))
    // a busy machine answers late, and a cluster that others use must not be taken for a dead one
    const settled = async (): Promise<boolean> => !alive() || (await isReady(adminAccess(this.#layout)))
    await waitUntil('the API server', settled, { timeoutMs: 60_000, intervalMs: 500 }).catch(() => undefined)
    return alive() && isReady(adminAccess(this.#layout)).catch(() => false)
  }

  async up(): Promise<void> {
    const { name } = this.#layout
    if (process.getuid?.() !== 0) {
      throw new Error(
        'The test cluster makes network namespaces, mounts and cgroups: run as root, or with Docker for kind.',
      )
    }
    await withLock(this.#lock(), async () => {
      const wished = this.#options.nodes
      const stored = storedLayout(name)
      this.#layout = stored ?? this.#layout
      const { length } = this.#layout.nodes
      if (await this.isUp()) {
        if (wished === undefined || wished === length) return
        throw new Error(`cluster ${name} runs with ${length} nodes, not ${wished}: take it down first`)
      }
      if (await this.#repair()) return
      // never the one that was only assumed: its addresses may be another cluster's
      if (stored !== undefined) await clear(stored)
      this.#layout = await claimLayout(name, wished ?? length)
      await this.#start()
    })
  }

  /**
   * Starts again what a test has killed and not revived: the other tests' objects are worth more than a fresh start.
   * Says whether the cluster is well after that; without its etcd it cannot be.
   */
  async #repair(): Promise<boolean> {
    const { state } = this.#layout
    const etcd = recordedProcess(state, 'etcd')
    if (completeOf(state) === undefined || etcd === undefined || !isAlive(etcd)) return false
    for (const { name, command } of recordedProcesses(state).filter((record) => !isAlive(record))) {
      this.#log(`${name} is dead: starting it again`)
      startRecorded(state, name, command)
    }
    const well = async (): Promise<boolean> => (await this.isUp()) && (await this.#nodesReady())
    return waitUntil('the cluster', well, { timeoutMs: 60_000, intervalMs: 500 }).catch(() => false)
  }

  #lock(): string {
    return join(cacheDirectory, `${this.#layout.name}.lock`)
  }

  async #start(): Promise<void> {
    const layout = this.#layout
    const step = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      const started = performance.now()
      const result = await work()
      this.#log(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`)
      return result
    }
    await step('clearing what an earlier run left', () => clear(layout))
    const images = await step('images', () => baseImages(this.#tools, this.#log))
    mkdirSync(layout.state, { recursive: true })
    await step('network', () => makeNetwork(layout))
    const starts = layout.nodes.map((node) => this.#nodeStart(node))
    await Promise.all([
      step('control plane', () => startControlPlane(layout, this.#tools.kubernetes, this.#options.featureGates)),
      step('container runtimes and images', async () => {
        await Promise.all(starts.map(startContainerd))
        for (const image of images) await this.loadImage(image.archive)
      }),
    ])
    for (const start of starts)
      for (const process of ['kubelet', 'kube-proxy'] as const) startNodeProcess(start, process)
    this.#startNetworkPolicyAgent()
    await step('DNS and storage applied', () => this.#kubectl(['apply', '--filename=-'], addons(layout)))
    await step('nodes ready', () =>
      waitUntil('every node to register', () => this.#nodesReady(), { timeoutMs: 60_000, intervalMs: 200 }),
    )
    await step('DNS and storage ready', () =>
      this.#kubectl(['--namespace=kube-system', 'rollout', 'status', 'deployment', '--timeout=60s']),
    )
    writeFileSync(
      join(layout.state, 'complete.json'),
      JSON.stringify({ nodes: layout.nodes.length } satisfies Complete),
    )
  }

  async down(): Promise<void> {
    await withLock(this.#lock(), async () => {
      const stored = storedLayout(this.#layout.name)
      // without a claim only the shared cluster is known by its addresses
      if (stored === undefined && this.#layout.name !== 'cluster') return
      await clear(stored ?? this.#layout)
      rmSync(this.#layout.state, { recursive: true, force: true })
    })
  }

  async loadImage(archive: string): Promise<void> {
    const manifest = (
      await run('tar', ['--extract', '--to-stdout', '--occurrence=1', '--file', archive, 'manifest.json'])
    ).stdout
    const id = createHash('sha256').update(manifest).digest('hex')
    await Promise.all(
      this.#layout.nodes.map(async (node) => {
        const known = join(node.state, 'images')
        const mark = join(known, id)
        if (existsSync(mark)) return
        await importImage(node, archive)
        mkdirSync(known, { recursive: true })
        writeFileSync(mark, manifest)
      }),
    )
  }

  partition(a: string, b: string): Promise<() => Promise<void>> {
    return partition(this.#layout, a, b)
  }

  async kill(node: string, process: NodeProcess): Promise<void> {
    const record = recordedProcess(this.#layout.state, recordName(this.#node(node), process))
    if (record !== undefined) await stopAll([record], 0)
  }

  async revive(node: string, process: NodeProcess): Promise<void> {
    const record = recordedProcess(this.#layout.state, recordName(this.#node(node), process))
    if (record !== undefined && isAlive(record)) return
    startNodeProcess(this.#nodeStart(this.#node(node)), process)
  }

  async podNetns(namespace: string, pod: string): Promise<string> {
    return `/proc/${await this.#pid(namespace, pod, { 'io.cri-containerd.kind': 'sandbox' })}/ns/net`
  }

  containerPid(namespace: string, pod: string, container: string): Promise<number> {
    return this.#pid(namespace, pod, {
      'io.cri-containerd.kind': 'container',
      'io.kubernetes.container.name': container,
    })
  }

  /** Nodes are processes of this machine. */
  nodeRoot(): Promise<string> {
    return Promise.resolve('')
  }

  async restartApiServer(): Promise<void> {
    const record = recordedProcess(this.#layout.state, 'kube-apiserver')
    if (record !== undefined) await stopAll([record], 0)
    await startApiServerAgain(this.#layout, this.#tools.kubernetes)
  }

  #node(name: string): NodeLayout {
    const node = this.#layout.nodes.find((each) => each.name === name)
    if (node === undefined)
      throw new Error(`node ${name}: the cluster has ${this.#layout.nodes.map((each) => each.name).join(', ')}`)
    return node
  }

  #nodeStart(node: NodeLayout): NodeStart {
    return { layout: this.#layout, node, bin: this.#tools.kubernetes, featureGates: this.#options.featureGates }
  }

  async #kubectl(args: readonly string[], input?: string): Promise<string> {
    const options = input === undefined ? {} : { input }
    return (await run(this.kubectl, ['--kubeconfig', this.kubeconfig, ...args], options)).stdout
  }

  async #nodesReady(): Promise<boolean> {
    const path = '{.items[*].status.conditions[?(@.type=="Ready")].status}'
    const statuses = (await this.#kubectl(['get', 'nodes', `--output=jsonpath=${path}`])).split(' ')
    return statuses.length === this.#layout.nodes.length && statuses.every((status) => status === 'True')
  }

  async #pid(namespace: string, pod: string, labels: Readonly<Record<string, string>>): Promise<number> {
    const where = ['get', 'pod', pod, `--namespace=${namespace}`, '--output=jsonpath={.spec.nodeName}']
    const node = this.#node(await this.#kubectl(where))
    const all = { 'io.kubernetes.pod.namespace': namespace, 'io.kubernetes.pod.name': pod, ...labels }
    const pid = await taskPid(node, all)
    if (pid === undefined) throw new Error(`pod ${namespace}/${pod} has no such running container on ${node.name}`)
    return pid
  }

  #startNetworkPolicyAgent(): void {
    const agent = join(import.meta.dirname, 'network-policy', 'agent.ts')
    const namespaces = this.#layout.nodes.map((node) => `/run/netns/${node.device}`)
    startRecorded(this.#layout.state, 'network-policy', [
      process.execPath,
      agent,
      kubeconfigOf(this.#layout, 'network-policy'),
      ...namespaces,
    ])
  }
}

/** Prepares what the cluster is made from; nothing is started yet. */
export const localCluster = async (options: ClusterOptions): Promise<LocalCluster> =>
  new LocalCluster(await ensureTools(options.log ?? ((line) => console.log(line))), options)
