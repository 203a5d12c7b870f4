import { mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { auditPolicy } from '../audit-policy.ts'
import type { Cluster, ClusterNode, ClusterOptions, NodeProcess } from '../cluster.ts'
import { attempt, run } from '../command.ts'
import { stateDirectory } from '../directories.ts'
import { redisImage, valkeyImage } from '../images/catalog.ts'
import { buildGoProgram, type Log } from '../tools/build-go-program.ts'
import { helm, kind, kubernetes, type GoProgram } from '../tools/go-programs.ts'
import { waitUntil } from '../wait-until.ts'
import { kindConfig } from './config.ts'

interface Programs {
  readonly kind: string
  readonly kubectl: string
  readonly helm: string
}

/** Kubernetes in Docker. A node is a container in which systemd runs kubelet and containerd. */
export class KindCluster implements Cluster {
  readonly kubeconfig: string
  readonly kubectl: string
  readonly helm: string
  readonly auditLog: string
  readonly #name: string
  readonly #state: string
  readonly #kind: string
  readonly #workers: number
  readonly #gates: Readonly<Record<string, boolean>>
  readonly #log: Log
  #nodes: readonly ClusterNode[] = []

  constructor(programs: Programs, options: ClusterOptions) {
    this.#name = `session-store-${options.name ?? process.env['TEST_CLUSTER_NAME'] ?? 'cluster'}`
    this.#state = stateDirectory(`kind-${this.#name}`)
    this.#kind = programs.kind
    this.#workers = options.nodes ?? 3
    this.#gates = options.featureGates ?? {}
    this.#log = options.log ?? ((line) => console.log(line))
    this.kubectl = programs.kubectl
    this.helm = programs.helm
    this.kubeconfig = join(this.#state, 'admin.kubeconfig')
    this.auditLog = join(this.#state, 'audit', 'audit.log')
  }

  nodes(): readonly ClusterNode[] {
    return this.#nodes
  }

  async isUp(): Promise<boolean> {
    if ((await attempt(this.kubectl, ['--kubeconfig', this.kubeconfig, 'get', '--raw', '/readyz'])) === undefined)
      return false
    await this.#readNodes()
    return this.#nodes.length > 0
  }

  async up(): Promise<void> {
    if (await this.isUp()) return
    await this.down()
    mkdirSync(join(this.#state, 'audit'), { recursive: true })
    writeFileSync(join(this.#state, 'audit', 'policy.json'), auditPolicy)
    const config = kindConfig(this.#workers, join(this.#state, 'audit'), this.#gates)
    const args = [
      'create',
      'cluster',
      '--name',
      this.#name,
      '--kubeconfig',
      this.kubeconfig,
      '--wait',
      '180s',
      '--config',
      '-',
    ]
    this.#log('kind creates the cluster, about a minute once its node image is there')
    await run(this.#kind, args, { input: config })
    await this.#readNodes()
    for (const image of await Promise.all([redisImage(this.#log), valkeyImage(this.#log)])) {
      await this.loadImage(image.archive)
    }
  }

  async down(): Promise<void> {
    await run(this.#kind, ['delete', 'cluster', '--name', this.#name, '--kubeconfig', this.kubeconfig])
    rmSync(this.#state, { recursive: true, force: true })
  }

  async loadImage(archive: string): Promise<void> {
    await run(this.#kind, ['load', 'image-archive', archive, '--name', this.#name])
  }

  async partition(a: string, b: string): Promise<() => Promise<void>> {
    const near = a === 'control-plane' ? b : a
    const far = near === a ? b : a
    const control = `${this.#name}-control-plane`
    const addresses = await this.#addresses(far === 'control-plane' ? control : far)
    const rules = addresses.flatMap((address) => [
      ['--table=raw', 'PREROUTING', '--source', address, '--jump', 'DROP'],
      ['--table=mangle', 'POSTROUTING', '--destination', address, '--jump', 'DROP'],
    ])
    const each = async (action: '--insert' | '--delete'): Promise<void> => {
      for (const [table = '', ...rule] of rules) await this.#inside(near, ['iptables', table, action, ...rule])
    }
    await each('--insert')
    return () => each('--delete')
  }

  async kill(node: string, process: NodeProcess): Promise<void> {
    if (process === 'kube-proxy') {
      throw new Error('kube-proxy is a pod in kind, and comes back by itself: this needs TEST_CLUSTER=local')
    }
    await this.#inside(node, ['systemctl', 'kill', '--signal=SIGKILL', process])
    await this.#inside(node, ['systemctl', 'stop', process]) // systemd would start it again
  }

  async revive(node: string, process: NodeProcess): Promise<void> {
    await this.#inside(node, ['systemctl', 'start', process])
  }

  async podNetns(namespace: string, pod: string): Promise<string> {
    const node = await this.#nodeOf(namespace, pod)
    const sandbox = await this.#crictl(node, [
      'pods',
      '--namespace',
      namespace,
      '--name',
      `^${pod}$`,
      '--state',
      'ready',
      '--quiet',
    ])
    return `${await this.nodeRoot(node)}/proc/${await this.#pidInNode(node, 'inspectp', sandbox)}/ns/net`
  }

  async containerPid(namespace: string, pod: string, container: string): Promise<number> {
    const node = await this.#nodeOf(namespace, pod)
    const labels = `io.kubernetes.pod.namespace=${namespace},io.kubernetes.pod.name=${pod}`
    const id = await this.#crictl(node, ['ps', '--label', labels, '--name', `^${container}$`, '--quiet'])
    const pid = await this.#pidInNode(node, 'inspect', id)
    // the number counts inside the node; here it is the first process of the same namespace of process ids
    const namespaceOf = readlinkSync(`${await this.nodeRoot(node)}/proc/${pid}/ns/pid`)
    const isFirst = (candidate: string): boolean => {
      try {
        const status = readFileSync(`/proc/${candidate}/status`, 'utf8')
        return /^NSpid:.*\t1$/m.test(status) && readlinkSync(`/proc/${candidate}/ns/pid`) === namespaceOf
      } catch {
        return false
      }
    }
    const found = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .find(isFirst)
    if (found === undefined) throw new Error(`container ${container} of pod ${namespace}/${pod} has no process here`)
    return Number(found)
  }

  async nodeRoot(node: string): Promise<string> {
    const { stdout } = await run('docker', ['inspect', '--format', '{{.State.Pid}}', node])
    return `/proc/${stdout.trim()}/root`
  }

  async restartApiServer(): Promise<void> {
    await this.#inside(`${this.#name}-control-plane`, ['pkill', '-KILL', '--exact', 'kube-apiserver'])
    await waitUntil('the API server', () => this.isUp(), { timeoutMs: 120_000, intervalMs: 500 })
  }

  async #readNodes(): Promise<void> {
    const path = '{range .items[*]}{.metadata.name} {.status.addresses[?(@.type=="InternalIP")].address}{"\\n"}{end}'
    const text = await this.#kubectl([
      'get',
      'nodes',
      '--selector=!node-role.kubernetes.io/control-plane',
      '-o',
      `jsonpath=${path}`,
    ])
    this.#nodes = text
      .trim()
      .split('\n')
      .map((line) => {
        const [name = '', ip = ''] = line.split(' ')
        return { name, ip }
      })
  }

  async #addresses(node: string): Promise<readonly string[]> {
    const path = '{.status.addresses[?(@.type=="InternalIP")].address} {.spec.podCIDR}'
    return (await this.#kubectl(['get', 'node', node, '-o', `jsonpath=${path}`])).split(' ')
  }

  #nodeOf(namespace: string, pod: string): Promise<string> {
    return this.#kubectl(['get', 'pod', pod, '-n', namespace, '-o', 'jsonpath={.spec.nodeName}'])
  }

  async #kubectl(args: readonly string[]): Promise<string> {
    return (await run(this.kubectl, ['--kubeconfig', this.kubeconfig, ...args])).stdout
  }

  async #inside(node: string, command: readonly string[]): Promise<string> {
    return (await run('docker', ['exec', node, ...command])).stdout.trim()
  }

  #crictl(node: string, args: readonly string[]): Promise<string> {
    return this.#inside(node, ['crictl', ...args])
  }

  async #pidInNode(node: string, verb: 'inspect' | 'inspectp', id: string): Promise<number> {
    const { info } = JSON.parse(await this.#crictl(node, [verb, id])) as { info: { pid: number } }
    return info.pid
  }
}

/** A program of this machine if there is one, otherwise ours. */
const program = async (name: string, source: GoProgram, log: Log): Promise<string> =>
  (await attempt('sh', ['-c', 'command -v "$1"', 'sh', name]))?.stdout.trim() ??
  join(await buildGoProgram(source, log), name)

export const kindCluster = async (options: ClusterOptions): Promise<KindCluster> => {
  const log = options.log ?? ((line: string) => console.log(line))
  const programs = {
    kind: await program('kind', kind, log),
    kubectl: await program('kubectl', kubernetes, log),
    helm: await program('helm', helm, log),
  }
  return new KindCluster(programs, options)
}
