import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  alice,
  bob,
  carol,
  expectAllowed,
  expectDenied,
  flush,
  nobody,
  openAdmission,
  operator,
  tenant,
  type Admission,
} from './fixture.ts'
import { waitUntil } from '../../cluster/wait-until.ts'

// Kubernetes 1.36 and newer: MutatingAdmissionPolicy stamps, ValidatingAdmissionPolicy proves.
let cluster: Admission

beforeAll(async () => {
  cluster = await openAdmission()
  await waitUntil(
    'the stamp is in force',
    async () => (await cluster.create(flush('probe'), alice, '--dry-run=server')).ok,
    { timeoutMs: 30_000 },
  )
})
afterAll(async () => await cluster?.server.stop())

test('a flush says who asked for it, without being told', async () => {
  expectAllowed(await cluster.create(flush('plain'), alice))
  const { spec } = await cluster.read('flushsessions', 'plain')
  expect(spec['requestedBy']).toEqual({ username: 'alice', uid: 'u-1', groups: ['on-call', 'system:authenticated'] })
})

test('a user without a uid is stamped too', async () => {
  expectAllowed(await cluster.create(flush('without-uid'), bob))
  const { spec } = await cluster.read('flushsessions', 'without-uid')
  expect(spec['requestedBy']).toEqual({ username: 'bob', groups: ['on-call', 'system:authenticated'] })
})

test('a group that is named twice is stamped once', async () => {
  expectAllowed(
    await cluster.create(flush('twice'), { user: 'bob', groups: ['on-call', 'on-call', 'system:authenticated'] }),
  )
  const { spec } = await cluster.read('flushsessions', 'twice')
  expect(spec['requestedBy']).toEqual({ username: 'bob', groups: ['on-call', 'system:authenticated'] })
})

test('a user in very many groups is stamped with them all', async () => {
  const groups = [
    ...Array.from({ length: 200 }, (_, index) => `department-${index}`),
    'on-call',
    'system:authenticated',
  ]
  expectAllowed(await cluster.create(flush('many-groups'), { user: 'bob', groups }))
  const { spec } = await cluster.read('flushsessions', 'many-groups')
  expect(spec['requestedBy']).toEqual({ username: 'bob', groups })
})

test('a forged requester is overwritten', async () => {
  const requestedBy = { username: 'bob', uid: 'u-9', groups: ['system:masters'] }
  expectAllowed(await cluster.create(flush('forged', { requestedBy }), alice))
  const { spec } = await cluster.read('flushsessions', 'forged')
  expect(spec['requestedBy']).toEqual({ username: 'alice', uid: 'u-1', groups: ['on-call', 'system:authenticated'] })
})

test('a user without the right creates none', async () => {
  const { ok, stderr } = await cluster.create(flush('no-right'), nobody)
  expect(ok).toBe(false)
  expect(stderr).toContain('User "mallory" cannot create resource "flushsessions"')
})

test.each([
  ['the reason', { reason: 'Another' }],
  ['the store', { storeRef: { name: 'other' } }],
  ['the requester', { requestedBy: { username: 'bob' } }],
  ['dryRun', { dryRun: true }],
])('%s cannot be changed', async (_what, spec) => {
  const name = `unchanged-${Object.keys(spec)[0]?.toLowerCase()}`
  expectAllowed(await cluster.create(flush(name), alice))
  const before = await cluster.read('flushsessions', name)
  const { ok, stderr } = await cluster.patch('flushsessions', name, { spec }, alice)
  expect(ok).toBe(false)
  expect(stderr).toContain('create another one')
  expect((await cluster.read('flushsessions', name)).spec).toEqual(before.spec)
})

test('an abort says who aborted, whatever was sent, and happens once', async () => {
  expectAllowed(await cluster.create(flush('aborted'), alice))
  const abort = { reason: 'False alarm', by: { username: 'alice' } }
  expectAllowed(await cluster.patch('flushsessions', 'aborted', { spec: { abort } }, bob))
  const { spec } = await cluster.read('flushsessions', 'aborted')
  const by = { username: 'bob', groups: ['on-call', 'system:authenticated'] }
  expect(spec['abort']).toEqual({ reason: 'False alarm', by })
  const again = await cluster.patch('flushsessions', 'aborted', { spec: { abort: { reason: 'Other' } } }, alice)
  expect(again.ok).toBe(false)
  expect(again.stderr).toContain('spec.abort')
  // What the operator does to the object afterwards leaves the stamp alone.
  const annotations = { metadata: { annotations: { seen: 'yes' } } }
  expectAllowed(await cluster.patch('flushsessions', 'aborted', annotations, operator))
  expect((await cluster.read('flushsessions', 'aborted')).spec).toEqual(spec)
})

test('a flush is not created aborted', async () => {
  expectDenied(await cluster.create(flush('born-aborted', { abort: { reason: 'x' } }), alice), 'spec.abort')
})

const approval = (digit: string, by?: object) => ({
  spec: { approval: { planDigest: digit.repeat(64), ...(by ? { by } : {}) } },
})

test('an approval says who approved, whatever was sent, and may be given anew for another plan', async () => {
  expectAllowed(await cluster.create(flush('approved'), alice))
  expectAllowed(await cluster.patch('flushsessions', 'approved', approval('a', { username: 'bob' }), carol))
  const by = { username: 'carol', groups: ['managers', 'system:authenticated'] }
  const first = await cluster.read('flushsessions', 'approved')
  expect(first.spec['approval']).toEqual({ planDigest: 'a'.repeat(64), by })
  expectAllowed(await cluster.patch('flushsessions', 'approved', approval('b'), carol))
  const second = await cluster.read('flushsessions', 'approved')
  expect(second.spec['approval']).toEqual({ planDigest: 'b'.repeat(64), by })
  // What others change afterwards leaves the stamp alone, and nobody puts another name in its place.
  expectAllowed(await cluster.patch('flushsessions', 'approved', { metadata: { annotations: { seen: 'yes' } } }, bob))
  const asBob = approval('b', { username: 'bob' })
  expectDenied(await cluster.patch('flushsessions', 'approved', asBob, bob), 'needs the right approve')
  const taken = await cluster.patch('flushsessions', 'approved', { spec: { approval: null } }, carol)
  expect(taken.ok).toBe(false)
  expect(taken.stderr).toContain('cannot be taken back')
  expect((await cluster.read('flushsessions', 'approved')).spec).toEqual(second.spec)
})

test('what is under way is approved by nobody any more', async () => {
  expectAllowed(await cluster.create(flush('begun'), alice))
  const { apiVersion, kind, metadata } = flush('begun')
  const write = (phase: string) => cluster.applyStatus({ apiVersion, kind, metadata, status: { phase } }, operator)
  expect((await write('AwaitingApproval')).ok).toBe(true)
  expectAllowed(await cluster.patch('flushsessions', 'begun', approval('a'), carol))
  expect((await write('Running')).ok).toBe(true)
  const late = await cluster.patch('flushsessions', 'begun', approval('b'), carol)
  expect(late.ok).toBe(false)
  expect(late.stderr).toContain('not waited for any more')
  expectAllowed(await cluster.patch('flushsessions', 'begun', { spec: { abort: { reason: 'x' } } }, carol))
})

test('an approval and an abort in one are both stamped', async () => {
  expectAllowed(await cluster.create(flush('both'), alice))
  const patch = { spec: { ...approval('a').spec, abort: { reason: 'No' } } }
  expectAllowed(await cluster.patch('flushsessions', 'both', patch, carol))
  const { spec } = await cluster.read('flushsessions', 'both')
  const by = { username: 'carol', groups: ['managers', 'system:authenticated'] }
  expect(spec['approval']).toMatchObject({ by })
  expect(spec['abort']).toMatchObject({ by })
})

test('nobody approves what they have asked for, nor without the right, nor from the start', async () => {
  expectAllowed(await cluster.create(flush('unapproved'), alice))
  expectDenied(await cluster.patch('flushsessions', 'unapproved', approval('a'), alice), 'cannot approve it as well')
  for (const caller of [bob, tenant])
    expectDenied(await cluster.patch('flushsessions', 'unapproved', approval('a'), caller), 'needs the right approve')
  expectDenied(await cluster.create(flush('born-approved', approval('a').spec), alice), 'spec.approval')
})

const done = { status: { phase: 'Completed' } }

test('a false status is refused, the operator writes it', async () => {
  expectAllowed(await cluster.create(flush('status'), tenant))
  const forged = await cluster.patch('flushsessions', 'status', done, tenant, '--subresource=status')
  expectDenied(forged, 'status', 'written by the operator alone')
  const { apiVersion, kind, metadata } = flush('status')
  const { ok } = await cluster.applyStatus({ apiVersion, kind, metadata, ...done }, operator)
  expect(ok).toBe(true)
  expect((await cluster.read('flushsessions', 'status')).status).toEqual(done.status)
})

test('the fence finalizer comes and goes by the operator alone', async () => {
  const finalizers = ['sessionstore.dev/fence']
  expectDenied(await cluster.create(flush('born-fenced', {}, { finalizers }), tenant), 'metadata.finalizers')
  expectAllowed(await cluster.create(flush('fenced'), tenant))
  const set = { metadata: { finalizers } }
  expectDenied(await cluster.patch('flushsessions', 'fenced', set, tenant), 'metadata.finalizers')
  expectAllowed(await cluster.patch('flushsessions', 'fenced', set, operator))
  const drop = { metadata: { finalizers: [] } }
  expectDenied(await cluster.patch('flushsessions', 'fenced', drop, tenant), 'metadata.finalizers', 'spec.abort')
  expectAllowed(await cluster.patch('flushsessions', 'fenced', drop, operator))
})
