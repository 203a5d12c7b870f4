import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync, openSync, closeSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kubeconfigText } from '../../cluster/kubeconfig.ts'
import { waitUntil } from '../../cluster/wait-until.ts'
import { startApiServer, type ApiServer } from '../api-server.ts'
import { chart, helm, kubectl, output } from './install.ts'
import { podTemplate, render } from './rendered.ts'

// The operator as its pod runs it: its own ServiceAccount, the chart's rights, the chart's flags; in the namespace "shop" only.
const account = 'system:serviceaccount:ops:session-store-operator'
const values = ['--namespace=ops', '--set=watch.namespaces={shop}']
let server: ApiServer
let folder: string

beforeAll(async () => {
  server = await startApiServer()
  folder = mkdtempSync(join(tmpdir(), 'operator-'))
  for (const name of ['ops', 'shop', 'other']) await output(kubectl(server, ['create', 'namespace', name]))
  await output(helm(server, 'install', 'session-store-operator', chart, ...values))
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await server?.stop()
})

const store = {
  apiVersion: 'sessionstore.dev/v1alpha1',
  kind: 'SessionStore',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    memory: { maxmemory: '64Mi' },
    sessions: { client: 'express', keyPrefix: 'shop' },
    clients: [{ name: 'web', from: [{ podSelector: { matchLabels: { app: 'web' } } }] }],
  },
}

/** Runs the operator with the flags of its pod until `done`; resolves with what it logged. */
const runOperator = async (done: () => Promise<boolean>): Promise<string> => {
  const token = await output(kubectl(server, ['create', 'token', 'session-store-operator', '--namespace=ops']))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigText({ url: server.url, ca: server.ca, token: token.trim() }), { mode: 0o600 })
  const [{ args }] = podTemplate(await render(...values)).spec.containers
  const logFile = join(folder, 'log')
  const log = openSync(logFile, 'w')
  const ports = ['--health-port=0', '--metrics-port=0', `--audit-log=${join(folder, 'audit')}`]
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../../src/main.ts'), ...args, ...ports], {
    env: { ...process.env, KUBECONFIG: kubeconfig, POD_NAMESPACE: 'ops', POD_NAME: 'one' },
    stdio: ['ignore', 'ignore', log],
  })
  const ended = once(child, 'exit')
  try {
    await waitUntil('the operator did its work', done, { timeoutMs: 40_000 })
  } finally {
    child.kill('SIGTERM')
    await ended
    closeSync(log)
  }
  return readFileSync(logFile, 'utf8')
}

const exists = async (namespace: string, ...names: readonly string[]): Promise<boolean> =>
  (await kubectl(server, ['get', '--namespace', namespace, ...names])).ok

test('with the rights of the chart it makes all that a store is made of, and is refused nothing', async () => {
  await output(kubectl(server, ['create', '--filename=-'], { stdin: store }))
  const log = await runOperator(async () => {
    const own = await exists('ops', 'lease/session-store-operator', 'configmap/session-store-operator-audit-public-key')
    const conditions = await output(
      kubectl(server, ['get', '-n', 'shop', 'sessionstore/web', '-o', 'jsonpath={.status.conditions}']),
    )
    return own && conditions !== '' && (await exists('shop', 'statefulset/web', 'networkpolicy/web', 'secret/web-web'))
  })
  expect(log.split('\n').filter((line) => /forbidden|cannot |"level":"(error|fatal)"/i.test(line))).toEqual([])
})

/** `resource` as kubectl wants it, flags included: it takes what follows a slash for a name. */
const can = async (verb: string, resource: string, namespace: string): Promise<boolean> =>
  (await kubectl(server, ['auth', 'can-i', verb, ...resource.split(' '), '--namespace', namespace, '--as', account])).ok

test.each([
  ['list', 'secrets', 'shop'],
  ['watch', 'secrets', 'shop'],
  ['list', 'secrets', 'ops'],
  ['get', 'secrets', 'ops'],
  ['get', 'secrets', 'other'],
  ['list', 'sessionstores.sessionstore.dev', 'other'],
  ['create', 'pods', 'shop'],
  ['create', 'pods --subresource=exec', 'shop'],
  ['create', 'serviceaccounts --subresource=token', 'ops'],
  ['get', 'nodes', 'shop'],
  ['create', 'flushsessions.sessionstore.dev', 'shop'],
  ['delete', 'sessionstores.sessionstore.dev', 'shop'],
  ['update', 'auditrecords.sessionstore.dev', 'shop'],
  ['delete', 'auditrecords.sessionstore.dev', 'shop'],
  ['purge', 'auditrecords.sessionstore.dev', 'shop'],
  ['create', 'roles.rbac.authorization.k8s.io', 'shop'],
])('it may not %s %s in %s', async (verb, resource, namespace) => {
  expect(await can(verb, resource, namespace)).toBe(false)
})

test.each([
  ['get', 'secrets/session-store-operator-master-key', 'ops'],
  ['update', 'secrets', 'shop'],
  ['delete', 'pods', 'shop'],
  ['patch', 'pods --subresource=resize', 'shop'],
  ['patch', 'flushsessions.sessionstore.dev --subresource=status', 'shop'],
  ['delete', 'flushsessions.sessionstore.dev', 'shop'],
  ['sign', 'auditrecords.sessionstore.dev', 'shop'],
])('it may %s %s in %s', async (verb, resource, namespace) => {
  expect(await can(verb, resource, namespace)).toBe(true)
})

const asOperator = (args: readonly string[], stdin?: object) =>
  output(kubectl(server, args, { caller: { user: account }, ...(stdin ? { stdin } : {}) }))

test('through policies and rights it carries a flush to its end: finalizer, status by apply, record, deletion', async () => {
  const apiVersion = 'sessionstore.dev/v1alpha1'
  const flush = { apiVersion, kind: 'FlushSessions', metadata: { name: 'one', namespace: 'shop' } }
  const spec = { storeRef: { name: 'web' }, scope: { all: {} }, reason: 'A test' }
  await output(kubectl(server, ['create', '--filename=-'], { stdin: { ...flush, spec } }))
  const patch = (finalizers: readonly string[]) =>
    asOperator([
      'patch',
      '-n',
      'shop',
      'flushsessions/one',
      '--type=merge',
      '-p',
      JSON.stringify({ metadata: { finalizers } }),
    ])
  await patch(['sessionstore.dev/fence'])
  const apply = [
    'apply',
    '--server-side',
    '--subresource=status',
    '--field-manager=session-store-operator',
    '--filename=-',
  ]
  await asOperator(apply, { ...flush, status: { phase: 'Completed' } })
  await asOperator(apply, { ...store, spec: undefined, status: { flushEpoch: 1 } })
  const record = { entry: { sequence: 1 }, hash: '0'.repeat(64), keyId: 'k', signature: 's' }
  await asOperator(['create', '--filename=-'], {
    apiVersion,
    kind: 'AuditRecord',
    metadata: { name: 'r', namespace: 'shop' },
    spec: record,
  })
  await patch([])
  await asOperator(['delete', '-n', 'shop', 'flushsessions/one'])
  expect(await exists('shop', 'flushsessions/one')).toBe(false)
  expect(await exists('shop', 'auditrecords/r')).toBe(true)
})
