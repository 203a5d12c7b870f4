import { beforeAll, expect, test } from 'vitest'
import type { FlushSessionsStatus } from '../../src/api/flush-sessions-status.ts'
import type { SignedRecord } from '../../src/audit/record.ts'
import { connectClient, countSessions, flush, store, untilReady, writeSessions } from './fixtures.ts'
import { conditionOf, type KubeObject, type Objects } from './objects.ts'
import { suite } from './suite.ts'

const at = suite('e2e-approval')
const sessions = 1_000

const statusOf = (object: KubeObject): FlushSessionsStatus => object['status'] ?? {}
const people = { alice: 'session-store-responder', carol: 'session-store-approver', dave: 'session-store-approver' }
/** Carol may approve by right and by her group; Dave has the right alone. */
const as = (name: keyof typeof people): Objects =>
  at().objects.as(name, 'system:authenticated', ...(name === 'carol' ? ['managers'] : []))

beforeAll(async () => {
  const { objects, namespace } = at()
  const bindings = Object.entries(people).map(([name, role]) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
  }))
  await objects.apply(...bindings)
})

const makeStore = async (name: string, approval: object) => {
  const { cluster, objects, namespace } = at()
  const spec = {
    sessions: { client: 'express', keyPrefix: 'shop:session', principalPath: ['user'] },
    flushes: { approval },
  }
  await objects.apply(store(namespace, name, { spec }))
  await untilReady(objects, namespace, name)
  const client = await connectClient(cluster, objects, namespace, name)
  await writeSessions(client.redis, sessions)
  return client
}

const ask = async (name: string, storeName: string, spec: Readonly<Record<string, unknown>> = {}): Promise<void> => {
  await as('alice').create(flush(at().namespace, name, storeName, { drain: '1s', spec }))
}

const untilPhase = async (name: string, phase: string): Promise<KubeObject> =>
  await at().objects.until('flushsessions', name, at().namespace, phase, (each) => statusOf(each).phase === phase)

const untilPending = async (name: string, reason: string): Promise<KubeObject> =>
  await at().objects.until(
    'flushsessions',
    name,
    at().namespace,
    reason,
    (each) => conditionOf(each, 'Approved')?.reason === reason,
  )

/** Runs the command that the condition gives, as somebody. */
const approve = async (name: string, by: keyof typeof people): Promise<void> => {
  const object = await at().objects.get('flushsessions', name, at().namespace)
  const [, command = ''] = /: kubectl (.*)$/.exec(conditionOf(object, 'Approved')?.message ?? '') ?? []
  await as(by).run(command.split(' ').map((word) => word.replaceAll("'", '')))
}

const recordsOf = async (name: string): Promise<readonly SignedRecord['entry'][]> => {
  const records = await at().objects.list('auditrecords', at().namespace)
  return records
    .map((record) => (record['spec'] as SignedRecord).entry)
    .filter(({ subject }) => subject.name === name)
    .toSorted((a, b) => a.sequence - b.sequence)
}

test('everybody is logged out only when a second person agrees; who that was is on record', async () => {
  const client = await makeStore('web', { abovePercent: 10, groups: ['managers'] })
  const { redis } = client
  await ask('all', 'web')
  const waits = await untilPhase('all', 'AwaitingApproval')
  expect(conditionOf(waits, 'Approved')?.message).toContain(`${sessions} sessions (100 %), somebody other than alice`)
  expect(statusOf(waits).plan?.costs.join()).toContain('until a second person agrees')
  expect(await countSessions(redis, sessions)).toBe(sessions)

  // It holds up no other flush; a few people are ended without being asked for, and that changes the plan.
  await ask('few', 'web', { scope: { principals: { values: ['user-77'] } } })
  const few = await untilPhase('few', 'Completed')
  expect(conditionOf(few, 'Approved')).toBeUndefined()
  expect(await countSessions(redis, sessions)).toBe(sessions - 1)

  await expect(approve('all', 'alice')).rejects.toThrow(/cannot approve it as well|needs the right approve/)
  await approve('all', 'carol')
  const changed = await untilPending('all', 'PlanChanged')
  expect(statusOf(changed).plan?.matched).toBe(sessions - 1)
  await approve('all', 'dave')
  const other = await untilPending('all', 'ApproverNotAllowed')
  expect(conditionOf(other, 'Approved')?.message).toContain('dave is in none of the groups')
  expect(await countSessions(redis, sessions)).toBe(sessions - 1)

  await approve('all', 'carol')
  const completed = await untilPhase('all', 'Completed')
  expect(conditionOf(completed, 'Approved')).toMatchObject({ status: 'True', message: 'carol agrees' })
  expect(await countSessions(redis, sessions)).toBe(0)
  const [intended] = await recordsOf('all')
  expect(intended).toMatchObject({
    type: 'FlushIntended',
    requestedBy: { username: 'alice' },
    details: { approval: { planDigest: statusOf(completed).plan?.digest, by: { username: 'carol' } } },
  })
  redis.disconnect()
  await client.close()
})

test('of two that are agreed to at once the second is planned and agreed to anew; what the store asks for no more is not waited for', async () => {
  const { objects, namespace } = at()
  const client = await makeStore('two', {})
  for (const name of ['two-a', 'two-b']) await ask(name, 'two', { scope: { keyPattern: 'shop:session:*' } })
  for (const name of ['two-a', 'two-b']) await untilPhase(name, 'AwaitingApproval')
  await Promise.all(['two-a', 'two-b'].map((name) => approve(name, 'carol')))
  await untilPhase('two-a', 'Completed')
  // The flush of before has ended all: for whoever came since somebody must agree again.
  await writeSessions(client.redis, 10)
  const name = 'two-c'
  await ask(name, 'two', { scope: { keyPattern: 'shop:session:*' } })
  await untilPhase(name, 'AwaitingApproval')
  const first = await recordsOf('two-b')
  for (const { details } of first.filter(({ type }) => type === 'FlushIntended')) {
    const { approval, plan } = details as { approval?: { planDigest: string }; plan: { digest: string } }
    expect(approval?.planDigest ?? plan.digest).toBe(plan.digest)
  }
  await objects.patch('sessionstore', 'two', namespace, { spec: { flushes: { approval: null } } })
  const completed = await untilPhase(name, 'Completed')
  expect(conditionOf(completed, 'Approved')).toBeUndefined()
  expect(await countSessions(client.redis, 10)).toBe(0)
  client.redis.disconnect()
  await client.close()
})

test('what nobody approves in time fails, what is refused is aborted, and nothing has changed', async () => {
  const client = await makeStore('short', { timeout: '8s' })
  const { redis } = client
  await ask('refused', 'short')
  await untilPhase('refused', 'AwaitingApproval')
  await as('carol').patch('flushsessions', 'refused', at().namespace, { spec: { abort: { reason: 'Not today' } } })
  await untilPhase('refused', 'Aborted')
  await ask('late', 'short', { scope: { principals: { values: ['user-77'] } } })
  await untilPhase('late', 'AwaitingApproval')
  const late = await untilPhase('late', 'Failed')
  expect(statusOf(late).outcome?.reason).toBe('ApprovalTimedOut')
  expect(await countSessions(redis, sessions)).toBe(sessions)
  expect(await recordsOf('late')).toEqual([])

  // A look, or one that finds nobody, needs no agreement.
  await ask('dry', 'short', { dryRun: true })
  await untilPhase('dry', 'Completed')
  await ask('nobody', 'short', { scope: { principals: { values: ['nobody'] } } })
  await untilPhase('nobody', 'Completed')
  redis.disconnect()
  await client.close()
})
