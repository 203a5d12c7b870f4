import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/wait-until.ts'
import {
  archivist,
  expectAllowed,
  expectDenied,
  nobody,
  openAdmission,
  operator,
  record,
  tenant,
  type Admission,
} from './fixture.ts'

let cluster: Admission

beforeAll(async () => {
  cluster = await openAdmission({ controllers: true })
})
afterAll(async () => await cluster?.server.stop())

test('a tenant who may create AuditRecords by RBAC still forges none', async () => {
  expectDenied(await cluster.create(record('forged'), tenant), 'made by the operator alone', '"sign"')
})

test('the operator makes them', async () => {
  expectAllowed(await cluster.create(record('made'), operator))
})

test('none has an owner that could take it along', async () => {
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x' }]
  expectDenied(await cluster.create(record('owned', { ownerReferences }), operator), 'metadata.ownerReferences')
})

test.each([
  ['spec', { spec: { keyId: 'other' } }, 'cannot change'],
  ['labels', { metadata: { labels: { 'sessionstore.dev/store-uid': 'v' } } }, 'metadata.labels'],
  ['annotations', { metadata: { annotations: { a: 'b' } } }, 'metadata.annotations'],
  [
    'ownerReferences',
    { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x' }] } },
    'metadata.ownerReferences',
  ],
  ['finalizers', { metadata: { finalizers: ['example.com/hold'] } }, 'metadata.finalizers'],
])('nobody changes its %s, the administrator neither', async (what, patch, words) => {
  const name = `unchanged-${what.toLowerCase()}`
  expectAllowed(await cluster.create(record(name), operator))
  const before = await cluster.read('auditrecords', name)
  for (const caller of [tenant, undefined]) {
    const { ok, stderr } = await cluster.patch('auditrecords', name, patch, caller)
    expect(ok).toBe(false)
    expect(stderr).toContain(words)
  }
  expect(await cluster.read('auditrecords', name)).toEqual(before)
})

test('only who may purge deletes one', async () => {
  expectAllowed(await cluster.create(record('kept'), operator))
  expectDenied(await cluster.run(['delete', 'auditrecords', 'kept'], tenant), 'purge')
  expectDenied(await cluster.run(['delete', 'auditrecords', '--all'], tenant), 'purge')
  expect((await cluster.run(['delete', 'auditrecords', 'kept'], operator)).stderr).toContain('cannot delete')
  expect((await cluster.run(['delete', 'auditrecords', 'kept'], nobody)).stderr).toContain('cannot delete')
  expect((await cluster.run(['delete', 'auditrecords', 'kept'], archivist)).stdout).toContain('deleted')
})

test('a namespace that is deleted goes, with its AuditRecords', async () => {
  const doomed = { ...record('last'), metadata: { name: 'last', namespace: 'doomed' } }
  await cluster.run(['create', 'namespace', 'doomed'])
  expect((await cluster.create(doomed)).ok).toBe(true)
  expect((await cluster.run(['delete', 'namespace', 'doomed', '--wait=false'])).ok).toBe(true)
  await waitUntil(
    'the namespace is gone',
    async () => (await cluster.run(['get', 'namespace', 'doomed'])).stderr.includes('NotFound'),
    { timeoutMs: 50_000, intervalMs: 500 },
  )
})

test.each(['namespace-controller', 'generic-garbage-collector'])('the %s may delete them', async (account) => {
  const name = `gone-${account}`
  expectAllowed(await cluster.create(record(name), operator))
  const user = `system:serviceaccount:kube-system:${account}`
  expect((await cluster.run(['delete', 'auditrecords', name], { user })).stdout).toContain('deleted')
})
