import { expect } from 'vitest'
import { waitUntil } from '../../cluster/wait-until.ts'
import { startApiServer, type ApiServer, type ApiServerOptions } from '../api-server.ts'
import { chart, helm, kubectl, output, type Answer, type Caller } from '../chart/install.ts'

export const namespace = 'shop'
const apiVersion = 'sessionstore.dev/v1alpha1'

/** May create, approve and abort flushes, and nothing else. */
export const alice: Caller = { user: 'alice', groups: ['on-call', 'system:authenticated'], uid: 'u-1' }
/** May create and abort flushes, and nothing else. */
export const bob: Caller = { user: 'bob', groups: ['on-call', 'system:authenticated'] }
/** May approve and abort flushes, and ask for none. */
export const carol: Caller = { user: 'carol', groups: ['managers', 'system:authenticated'] }
/** Everything but `approve`, `sign` and `purge`: a tenant with every right that a careless `resources: *` gives on verbs that exist. */
export const tenant: Caller = { user: 'tenant', groups: ['system:authenticated'] }
export const operator: Caller = { user: 'system:serviceaccount:ops:session-store-operator' }
export const nobody: Caller = { user: 'mallory', groups: ['system:authenticated'] }
export const archivist: Caller = { user: 'archivist', groups: ['system:authenticated'] }

type Json = Readonly<Record<string, unknown>>

export const flush = (name: string, spec: Json = {}, metadata: Json = {}) => ({
  apiVersion,
  kind: 'FlushSessions',
  metadata: { name, namespace, ...metadata },
  spec: { storeRef: { name: 'web' }, scope: { all: {} }, reason: 'A test', ...spec },
})

export const record = (name: string, metadata: Json = {}) => ({
  apiVersion,
  kind: 'AuditRecord',
  metadata: { name, namespace, labels: { 'sessionstore.dev/store-uid': 'u' }, ...metadata },
  spec: { entry: { sequence: 1 }, hash: '0'.repeat(64), keyId: 'k', signature: 's' },
})

export interface Admission {
  readonly server: ApiServer
  create(object: unknown, caller?: Caller, ...flags: readonly string[]): Promise<Answer>
  patch(resource: string, name: string, patch: Json, caller?: Caller, ...flags: readonly string[]): Promise<Answer>
  /** Server-side apply of a status, as the operator does it: without reading first. */
  applyStatus(object: Json, caller: Caller): Promise<Answer>
  run(args: readonly string[], caller?: Caller): Promise<Answer>
  /** The object as it is kept. */
  read(
    resource: string,
    name: string,
  ): Promise<{ readonly metadata: Json; readonly spec: Json; readonly status?: Json }>
}

const role = (name: string, rules: readonly Json[]) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name, namespace },
  rules,
})
const bind = (user: string, kind: 'Role' | 'ClusterRole', name: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: `${user}-${name}`, namespace },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
})
const ordinary = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']
const ours = { apiGroups: ['sessionstore.dev'] }

/** A server with the chart installed by Helm, its policies in force, and people with rights. */
export const openAdmission = async (
  options: ApiServerOptions = {},
  values: readonly string[] = [],
): Promise<Admission> => {
  const server = await startApiServer(options)
  const ready = async () => {
    for (const name of ['ops', namespace]) await output(kubectl(server, ['create', 'namespace', name]))
    const install = ['install', 'session-store-operator', chart, '--namespace', 'ops', '--wait=hookOnly']
    await output(helm(server, ...install, '--set', `watch.namespaces={${namespace}}`, ...values))
    const everything = [
      { ...ours, resources: ['flushsessions', 'flushsessions/status', 'sessionstores/status'], verbs: ordinary },
      { ...ours, resources: ['auditrecords'], verbs: ordinary },
    ]
    const items = [
      role('tenant', everything),
      role('archivist', [{ ...ours, resources: ['auditrecords'], verbs: [...ordinary, 'purge'] }]),
      bind('alice', 'ClusterRole', 'session-store-responder'),
      bind('bob', 'ClusterRole', 'session-store-responder'),
      bind('carol', 'ClusterRole', 'session-store-approver'),
      bind('alice', 'ClusterRole', 'session-store-approver'),
      bind('tenant', 'Role', 'tenant'),
      bind('archivist', 'Role', 'archivist'),
      ...['namespace-controller', 'generic-garbage-collector'].map((name) => ({
        ...bind(name, 'Role', 'tenant'),
        subjects: [{ kind: 'ServiceAccount', name, namespace: 'kube-system' }],
      })),
    ]
    await output(kubectl(server, ['create', '-f', '-'], { stdin: { apiVersion: 'v1', kind: 'List', items } }))
    // A policy acts a second after it was made, and five when it must first learn the schema of a CRD.
    await waitUntil('the policies are in force', () => inForce(server), { timeoutMs: 30_000 })
  }
  await ready().catch(async (error: unknown) => {
    await server.stop()
    throw error
  })
  return {
    server,
    create: (object, caller, ...flags) => kubectl(server, ['create', '-f', '-', ...flags], { caller, stdin: object }),
    patch: (resource, name, patch, caller, ...flags) =>
      kubectl(
        server,
        ['patch', '-n', namespace, resource, name, '--type=merge', '-p', JSON.stringify(patch), ...flags],
        { caller },
      ),
    applyStatus: (object, caller) =>
      kubectl(server, ['apply', '--server-side', '--subresource=status', '-f', '-'], { caller, stdin: object }),
    run: (args, caller) => kubectl(server, ['-n', namespace, ...args], { caller }),
    read: async (resource, name) =>
      JSON.parse(await output(kubectl(server, ['-n', namespace, 'get', resource, name, '-o', 'json']))) as Awaited<
        ReturnType<Admission['read']>
      >,
  }
}

/** Each policy denies something that nothing else would. Throws what the server said, until all do. */
const inForce = async (server: ApiServer): Promise<boolean> => {
  const attempts: readonly (readonly [object, Caller])[] = [
    [flush('probe', { abort: { reason: 'x' }, requestedBy: { username: 'x' } }), alice],
    [record('probe'), tenant],
  ]
  for (const [stdin, caller] of attempts) {
    const { stdout, stderr } = await kubectl(server, ['create', '--dry-run=server', '-f', '-'], { caller, stdin })
    if (!stderr.includes('ValidatingAdmissionPolicy')) throw new Error(stderr === '' ? stdout : stderr)
  }
  return true
}

/** Refused by one of our policies (RBAC and schema say other things), in words that hold all of these. */
export const expectDenied = ({ ok, stderr }: Answer, ...words: readonly string[]): void => {
  expect(ok).toBe(false)
  expect(stderr).toContain('ValidatingAdmissionPolicy')
  for (const word of words) expect(stderr).toContain(word)
}

export const expectAllowed = ({ ok, stderr }: Answer): void => expect({ ok, stderr }).toEqual({ ok: true, stderr: '' })
