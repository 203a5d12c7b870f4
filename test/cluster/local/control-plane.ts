import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isReady, type ApiAccess } from '../api-request.ts'
import { featureGates, flags } from '../flags.ts'
import { kubeconfigText } from '../kubeconfig.ts'
import { isAlive } from '../process-identity.ts'
import { recordedProcess, startRecorded } from '../recorded-process.ts'
import { serverCertificate, writeServerKeys, type TokenUser } from '../server-keys.ts'
import { waitUntil } from '../wait-until.ts'
import type { Layout } from './layout.ts'

/** Users with a kubeconfig of their own, named as its file. */
type Component = 'admin' | 'controller-manager' | 'scheduler' | 'proxy' | 'network-policy'

export const kubeconfigOf = (layout: Layout, user: string): string => join(layout.state, `${user}.kubeconfig`)
export const auditLogOf = (layout: Layout): string => join(layout.state, 'audit.log')
const keysOf = (layout: Layout): string => join(layout.state, 'keys')

const usersOf = (layout: Layout): readonly (TokenUser & { readonly file: string })[] => {
  const token = (): string => randomBytes(16).toString('hex')
  const component = (file: Component, user: string, group?: string): TokenUser & { readonly file: string } => ({
    file,
    user,
    token: token(),
    ...(group === undefined ? {} : { group }),
  })
  return [
    component('admin', 'admin', 'system:masters'),
    component('controller-manager', 'system:kube-controller-manager'),
    component('scheduler', 'system:kube-scheduler'),
    component('proxy', 'system:kube-proxy'),
    component('network-policy', 'network-policy-agent', 'system:masters'),
    ...layout.nodes.map(({ name }) => ({
      file: name,
      user: `system:node:${name}`,
      group: 'system:nodes',
      token: token(),
    })),
  ]
}

const startApiServer = (layout: Layout, bin: string): void => {
  const args = JSON.parse(readFileSync(join(layout.state, 'apiserver.json'), 'utf8')) as readonly string[]
  // Memory is plentiful here and processors are not: garbage is collected a third as often.
  startRecorded(layout.state, 'kube-apiserver', ['env', 'GOGC=300', join(bin, 'kube-apiserver'), ...args])
}

const waitReady = async (layout: Layout, access: () => ApiAccess): Promise<void> => {
  const record = recordedProcess(layout.state, 'kube-apiserver')
  const log = join(layout.state, 'logs/kube-apiserver.log')
  const settled = async (): Promise<boolean> => record === undefined || !isAlive(record) || isReady(access())
  await waitUntil(`the API server (log: ${log})`, settled, { timeoutMs: 60_000, intervalMs: 50 })
  if (record !== undefined && isAlive(record)) return
  throw new Error(`kube-apiserver ended: ${readFileSync(log, 'utf8').slice(-2000)}`)
}

/** What the administrator reaches the API server with. */
export const adminAccess = (layout: Layout): ApiAccess => ({
  url: layout.apiUrl,
  ca: readFileSync(serverCertificate(keysOf(layout)), 'utf8'),
  token: readFileSync(join(layout.state, 'admin.token'), 'utf8'),
})

/** Starts etcd, the API server, the controller manager and the scheduler, and waits until the API server is ready. */
export const startControlPlane = async (
  layout: Layout,
  bin: string,
  gates: Readonly<Record<string, boolean>> | undefined,
): Promise<void> => {
  const { state, hostIp } = layout
  const client = `http://127.0.0.1:${layout.etcdPort}`
  const peer = `http://127.0.0.1:${layout.etcdPort + 1}`
  startRecorded(state, 'etcd', [
    join(bin, 'etcd'),
    ...flags({
      'data-dir': join(state, 'etcd'),
      'unsafe-no-fsync': true,
      'log-level': 'warn',
      'listen-client-urls': client,
      'advertise-client-urls': client,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': `default=${peer}`,
    }),
  ])
  const users = usersOf(layout)
  const apiServerArgs = [
    ...writeServerKeys(keysOf(layout), users),
    ...flags({
      'etcd-servers': client,
      'bind-address': hostIp,
      'advertise-address': hostIp,
      'secure-port': new URL(layout.apiUrl).port,
      'authorization-mode': ['Node', 'RBAC'],
      'enable-admission-plugins': ['NodeRestriction'],
      'service-cluster-ip-range': layout.serviceRange,
      'allow-privileged': true,
      'kubelet-preferred-address-types': ['InternalIP'],
      'audit-log-path': auditLogOf(layout),
      'feature-gates': featureGates(gates),
    }),
  ]
  writeFileSync(join(state, 'apiserver.json'), JSON.stringify(apiServerArgs))
  writeFileSync(join(state, 'admin.token'), users.find((user) => user.file === 'admin')?.token ?? '', { mode: 0o600 })
  startApiServer(layout, bin)
  await waitReady(layout, () => adminAccess(layout))
  const { url, ca } = adminAccess(layout)
  for (const { file, token } of users) {
    writeFileSync(kubeconfigOf(layout, file), kubeconfigText({ url, ca, token }), { mode: 0o600 })
  }
  startRecorded(state, 'kube-controller-manager', [
    join(bin, 'kube-controller-manager'),
    ...flags({
      kubeconfig: kubeconfigOf(layout, 'controller-manager'),
      'service-account-private-key-file': join(keysOf(layout), 'sa.key'),
      'root-ca-file': serverCertificate(keysOf(layout)),
      'use-service-account-credentials': true,
      'leader-elect': false,
      // a dead node shows in 20 s, not 50: tests wait for it
      'node-monitor-grace-period': '20s',
      'bind-address': hostIp,
      'feature-gates': featureGates(gates),
    }),
  ])
  startRecorded(state, 'kube-scheduler', [
    join(bin, 'kube-scheduler'),
    ...flags({
      kubeconfig: kubeconfigOf(layout, 'scheduler'),
      'leader-elect': false,
      'bind-address': hostIp,
      'feature-gates': featureGates(gates),
    }),
  ])
}

const startAttempts = 3

/** Starts the API server again with the arguments that it had. */
export const startApiServerAgain = async (layout: Layout, bin: string): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    startApiServer(layout, bin)
    try {
      return await waitReady(layout, () => adminAccess(layout))
    } catch (error) {
      // Its port, or etcd, may not be free of the one that was killed.
      if (attempt === startAttempts) throw error
      console.error(`the API server did not come back: ${String(error)}; trying again`)
      await delay(1_000)
    }
  }
}
