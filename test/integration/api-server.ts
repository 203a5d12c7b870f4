import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isReady } from '../cluster/api-request.ts'
import { featureGates, flags } from '../cluster/flags.ts'
import { freePorts } from '../cluster/free-ports.ts'
import { kubeconfigText } from '../cluster/kubeconfig.ts'
import { isAlive, signal } from '../cluster/process-identity.ts'
import { startRecorded, stopAll, type ProcessRecord } from '../cluster/recorded-process.ts'
import { serverCertificate, writeServerKeys } from '../cluster/server-keys.ts'
import { buildGoProgram } from '../cluster/tools/build-go-program.ts'
import { kubernetes } from '../cluster/tools/go-programs.ts'
import { waitUntil } from '../cluster/wait-until.ts'

export interface ApiServerOptions {
  /** For example `{ MutatingAdmissionPolicy: false }`. */
  readonly featureGates?: Readonly<Record<string, boolean>>
  /** Default: a free one. */
  readonly port?: number
  /** Also run kube-controller-manager: service accounts, garbage collection, namespace deletion, StatefulSets. Default false. */
  readonly controllers?: boolean
  /** Further arguments of kube-controller-manager. */
  readonly controllerArgs?: readonly string[]
  /** Further arguments of kube-apiserver. */
  readonly args?: readonly string[]
}

export interface ApiServer {
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string
  readonly url: string
  /** The administrator's bearer token. */
  readonly token: string
  /** The PEM bundle that the server's certificate verifies with. */
  readonly ca: string
  /** Path of a kubectl of the same version. */
  readonly kubectl: string
  /** Path of the audit log: one JSON event a line, level Metadata. */
  readonly auditLog: string
  /** Ends everything and removes its files. */
  stop(): Promise<void>
  /** SIGKILL to kube-apiserver; etcd stays. Resolves when the process is gone. */
  kill(): Promise<void>
  /** Ends kube-apiserver if it runs, and starts it on the same port with the same data. Resolves when it is ready. */
  restart(): Promise<void>
  /** SIGSTOP to kube-apiserver: open connections hang, new ones are accepted by the kernel and hang too. */
  pause(): void
  resume(): void
  /** SIGSTOP to etcd: writes hang, and reads that the watch cache cannot answer. */
  pauseEtcd(): void
  resumeEtcd(): void
}

/** Begins the name of each server's folder in the folder for temporary files. */
export const apiServerPrefix = 'session-store-api-server-'

/**
 * Starts a real kube-apiserver with etcd (no kubelet, no scheduler) on loopback, on free ports, with files of its own.
 * RBAC, admission and CRDs are as in any cluster. Ready in a few seconds once the binary is built. The processes end
 * with the thread that called this, however it ends.
 */
export const startApiServer = async (options: ApiServerOptions = {}): Promise<ApiServer> => {
  const bin = await buildGoProgram(kubernetes, (line) => console.log(line))
  const folder = mkdtempSync(join(tmpdir(), apiServerPrefix))
  const [token, controllerToken] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')]
  const [free = 0, etcdPort = 0, peerPort = 0, controllerPort = 0] = await freePorts(4)
  const url = `https://127.0.0.1:${options.port ?? free}`
  const etcdUrl = `http://127.0.0.1:${etcdPort}`
  const peerUrl = `http://127.0.0.1:${peerPort}`
  const auditLog = join(folder, 'audit.log')
  const kubeconfig = join(folder, 'kubeconfig')
  const serverArgs = [
    ...writeServerKeys(folder, [
      { token, user: 'admin', group: 'system:masters' },
      { token: controllerToken, user: 'system:kube-controller-manager' },
    ]),
    ...flags({
      'etcd-servers': etcdUrl,
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      'secure-port': new URL(url).port,
      'authorization-mode': 'RBAC',
      'audit-log-path': auditLog,
      'service-cluster-ip-range': '198.18.128.0/20',
      'allow-privileged': true,
      'feature-gates': featureGates(options.featureGates),
    }),
    ...(options.args ?? []),
  ]
  const start = (name: string, args: readonly string[]): ProcessRecord =>
    startRecorded(folder, name, ['setpriv', '--pdeathsig', 'KILL', join(bin, name), ...args])
  const etcd = start(
    'etcd',
    flags({
      'data-dir': join(folder, 'etcd'),
      'unsafe-no-fsync': true,
      'log-level': 'warn',
      'listen-client-urls': etcdUrl,
      'advertise-client-urls': etcdUrl,
      'listen-peer-urls': peerUrl,
      'initial-advertise-peer-urls': peerUrl,
      'initial-cluster': `default=${peerUrl}`,
    }),
  )
  const ca = (): string => readFileSync(serverCertificate(folder), 'utf8')
  const startServer = async (): Promise<ProcessRecord> => {
    const started = start('kube-apiserver', serverArgs)
    // one that has ended is not waited for: what it said last is the error
    const settled = async (): Promise<boolean> => !isAlive(started) || (await isReady({ url, ca: ca(), token }))
    await waitUntil(`kube-apiserver on ${url} ready`, settled, { timeoutMs: 60_000 })
    if (isAlive(started)) return started
    throw new Error(
      `kube-apiserver ended: ${readFileSync(join(folder, 'logs/kube-apiserver.log'), 'utf8').slice(-800)}`,
    )
  }
  const cleanUp = async (processes: readonly ProcessRecord[]): Promise<void> => {
    // nothing here is worth a graceful end: the data goes away with it
    await stopAll(processes, 0)
    rmSync(folder, { recursive: true, force: true })
  }
  let server = await startServer().catch(async (error: unknown) => {
    await cleanUp([etcd])
    throw error
  })
  writeFileSync(kubeconfig, kubeconfigText({ url, ca: ca(), token }), { mode: 0o600 })
  const others: ProcessRecord[] = [etcd]
  if (options.controllers === true) {
    const config = join(folder, 'controllers.kubeconfig')
    writeFileSync(config, kubeconfigText({ url, ca: ca(), token: controllerToken }), { mode: 0o600 })
    others.push(
      start('kube-controller-manager', [
        ...flags({
          kubeconfig: config,
          'leader-elect': false,
          'use-service-account-credentials': true,
          'service-account-private-key-file': join(folder, 'sa.key'),
          'root-ca-file': serverCertificate(folder),
          'bind-address': '127.0.0.1',
          'secure-port': controllerPort,
        }),
        ...(options.controllerArgs ?? []),
      ]),
    )
  }
  return {
    kubeconfig,
    url,
    token,
    ca: ca(),
    kubectl: join(bin, 'kubectl'),
    auditLog,
    stop: () => cleanUp([server, ...others]),
    kill: () => stopAll([server], 0),
    restart: async () => {
      await stopAll([server], 5_000)
      server = await startServer()
    },
    pause: () => void signal(server, 'SIGSTOP'),
    resume: () => void signal(server, 'SIGCONT'),
    pauseEtcd: () => void signal(etcd, 'SIGSTOP'),
    resumeEtcd: () => void signal(etcd, 'SIGCONT'),
  }
}
