import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  alice,
  bob,
  carol,
  expectAllowed,
  expectDenied,
  flush,
  openAdmission,
  operator,
  type Admission,
} from './fixture.ts'

// Before 1.36, or with the feature off: nothing stamps, so the caller states itself and ValidatingAdmissionPolicy compares.
let cluster: Admission

beforeAll(async () => {
  cluster = await openAdmission({ featureGates: { MutatingAdmissionPolicy: false } })
})
afterAll(async () => await cluster?.server.stop())

test('a MutatingAdmissionPolicy that is there and does nothing is no way around', async () => {
  // 1.36 keeps serving the kind when the feature gate is off: the chart's policy is installed, and nobody runs it.
  expect((await cluster.run(['get', 'mutatingadmissionpolicies', '-o', 'name'])).stdout).toContain('flushsessions')
  expectDenied(await cluster.create(flush('unstamped'), alice), 'spec.requestedBy')
})

const self = { username: 'alice', uid: 'u-1', groups: ['on-call', 'system:authenticated'] }
const bobSelf = { username: 'bob', groups: ['system:authenticated', 'on-call'] }

test('a flush that does not say who asks is refused, and what the refusal says to write is accepted', async () => {
  const refused = await cluster.create(flush('silent'), alice)
  expectDenied(refused, 'spec.requestedBy: must say who you are')
  const requestedBy: unknown = JSON.parse(/Set it to (\{.*\})/.exec(refused.stderr)?.[1] ?? 'null')
  expect(requestedBy).toEqual(self)
  expectAllowed(await cluster.create(flush('silent', { requestedBy }), alice))
})

test.each([
  ['somebody else', { ...self, username: 'bob' }],
  ['another uid', { ...self, uid: 'u-9' }],
  ['no uid', { username: self.username, groups: self.groups }],
  ['a group too many', { ...self, groups: [...self.groups, 'system:masters'] }],
  ['a group too few', { ...self, groups: ['on-call'] }],
  ['no groups', { username: self.username, uid: self.uid }],
])('a requester with %s is refused', async (_what, requestedBy) => {
  expectDenied(await cluster.create(flush('forged', { requestedBy }), alice), 'spec.requestedBy')
})

test('a user in more groups than a message holds is told where to read them', async () => {
  const groups = [
    ...Array.from({ length: 250 }, (_, index) => `department-of-something-${index}`),
    'system:authenticated',
  ]
  const caller = { user: 'bob', groups }
  expectDenied(await cluster.create(flush('many-groups'), caller), 'spec.requestedBy', 'kubectl auth whoami')
  const requestedBy = { username: 'bob', groups }
  expectAllowed(await cluster.create(flush('many-groups', { requestedBy }), caller))
})

test('the order of groups does not matter, and who has no uid writes none', async () => {
  expectAllowed(await cluster.create(flush('order', { requestedBy: bobSelf }), bob))
  const withUid = { ...bobSelf, uid: 'u-1' }
  expectDenied(await cluster.create(flush('order-uid', { requestedBy: withUid }), bob), 'spec.requestedBy')
})

test('an abort says truly who aborts, once', async () => {
  expectAllowed(await cluster.create(flush('aborted', { requestedBy: self }), alice))
  const abort = (by?: object) => ({
    spec: { abort: { reason: 'False alarm', ...(by ? { by } : {}) } },
  })
  expectDenied(await cluster.patch('flushsessions', 'aborted', abort(), bob), 'spec.abort.by: must say who you are')
  expectDenied(await cluster.patch('flushsessions', 'aborted', abort(self), bob), 'spec.abort.by: must say who you are')
  expectAllowed(await cluster.patch('flushsessions', 'aborted', abort(bobSelf), bob))
  const again = await cluster.patch('flushsessions', 'aborted', abort(self), alice)
  expect(again.ok).toBe(false)
  expect(again.stderr).toContain('spec.abort')
  expectAllowed(await cluster.patch('flushsessions', 'aborted', { metadata: { annotations: { a: 'b' } } }, operator))
})

test('an approval says truly who approves', async () => {
  expectAllowed(await cluster.create(flush('approved', { requestedBy: self }), alice))
  const approval = (by?: object) => ({ spec: { approval: { planDigest: 'a'.repeat(64), ...(by ? { by } : {}) } } })
  const carolSelf = { username: 'carol', groups: ['managers', 'system:authenticated'] }
  const refused = await cluster.patch('flushsessions', 'approved', approval(), carol)
  expectDenied(refused, 'spec.approval.by: must say who you are')
  expectDenied(await cluster.patch('flushsessions', 'approved', approval(bobSelf), carol), 'spec.approval.by')
  expectDenied(await cluster.patch('flushsessions', 'approved', approval(self), alice), 'cannot approve it as well')
  expectAllowed(await cluster.patch('flushsessions', 'approved', approval(carolSelf), carol))
  expectDenied(await cluster.patch('flushsessions', 'approved', approval(bobSelf), bob), 'needs the right approve')
})
