import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Cluster } from '../cluster/cluster.ts'
import { run } from '../cluster/command.ts'

/** Who asks, when it is not the administrator. */
export interface As {
  readonly user: string
  readonly groups: readonly string[]
}

export interface KubectlOptions {
  readonly as?: As
  /** What the command reads from its standard input. */
  readonly input?: string
}

/** kubectl on one cluster, as the administrator or as somebody else. */
export class Kubectl {
  readonly #program: string
  readonly #kubeconfig: string

  constructor(cluster: Pick<Cluster, 'kubectl' | 'kubeconfig'>) {
    this.#program = cluster.kubectl
    this.#kubeconfig = cluster.kubeconfig
  }

  /** Runs it to its end; resolves with its output. Throws a `CommandFailed` with what it said. */
  async run(args: readonly string[], { as, input }: KubectlOptions = {}): Promise<string> {
    return (await run(this.#program, this.#args(args, as), input === undefined ? {} : { input })).stdout
  }

  /** `get … --output=json`, read. */
  async get<T>(args: readonly string[], options: KubectlOptions = {}): Promise<T> {
    return JSON.parse(await this.run(['get', ...args, '--output=json'], options)) as T
  }

  /** Declares one or more objects: manifests as text, or as JavaScript objects. */
  async apply(manifests: string | readonly object[], options: KubectlOptions = {}): Promise<void> {
    const input =
      typeof manifests === 'string' ? manifests : JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests })
    await this.run(['apply', '--server-side', '--force-conflicts', '--filename=-'], { ...options, input })
  }

  /** Makes a namespace unless it is there. Labels as given. */
  async namespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }])
  }

  /** Lines of `get … --watch`, until the caller stops reading them; after `timeoutMs` they end. */
  async *watch(args: readonly string[], { timeoutMs }: { readonly timeoutMs: number }): AsyncGenerator<string, void> {
    const child = spawn(this.#program, this.#args(['get', '--watch', ...args], undefined), {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const timer = setTimeout(() => child.kill(), timeoutMs)
    try {
      yield* createInterface({ input: child.stdout })
    } finally {
      clearTimeout(timer)
      child.kill()
    }
  }

  #args(args: readonly string[], as: As | undefined): readonly string[] {
    const impersonated = as ? [`--as=${as.user}`, ...as.groups.map((group) => `--as-group=${group}`)] : []
    return [`--kubeconfig=${this.#kubeconfig}`, ...impersonated, ...args]
  }
}
