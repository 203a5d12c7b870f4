import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { FlushSessionsStatus } from '../../src/api/flush-sessions-status.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { canLogIn } from './can-log-in.ts'
import {
  clientPod,
  connectClient,
  countSessions,
  flush,
  store,
  untilReady,
  writeSessions,
  type StoreClient,
} from './fixtures.ts'
import { conditionOf, isTrue, secretData, type KubeObject } from './objects.ts'
import { topology, untilWhole } from './replicated/fixture.ts'
import { suite } from './suite.ts'

const at = suite('e2e-rotated')

const sessions = 1_000

const statusOf = (object: KubeObject): FlushSessionsStatus => object['status'] ?? {}

const untilEnded = async (name: string): Promise<KubeObject> =>
  await at().objects.until('flushsessions', name, at().namespace, 'ended', (each) =>
    ['Completed', 'Failed', 'Aborted'].includes(statusOf(each).phase ?? ''),
  )

/** With the longest drain there is: it is not waited for. */
const rotate = async (name: string, storeName: string, spec: object = {}): Promise<void> => {
  const limits = { drain: '30s', maxFence: '5m' }
  await at().objects.create(flush(at().namespace, name, storeName, { spec: { guarantee: 'Rotated', limits, ...spec } }))
}

const loginOf = async (storeName: string, client = 'web') =>
  secretData(await at().objects.get('secret', `${storeName}-${client}`, at().namespace))

/** An application that reads its password when it starts. */
const deployment = (name: string, storeName: string, client: string) => {
  const { metadata, spec } = clientPod(at().namespace, name, { app: 'web', instance: name })
  const password = { secretKeyRef: { name: `${storeName}-web`, key: 'password' } }
  const [container] = spec.containers
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...metadata, labels: { [`restart.sessionstore.dev/${storeName}`]: client } },
    spec: {
      selector: { matchLabels: { instance: name } },
      template: {
        metadata: { labels: metadata.labels },
        spec: { ...spec, containers: [{ ...container, env: [{ name: 'PASSWORD', valueFrom: password }] }] },
      },
    },
  }
}

const untilRolledOut = (name: string) =>
  at().objects.run(['rollout', 'status', `deployment/${name}`, '-n', at().namespace, '--timeout=90s'])

const passwordIn = async (name: string): Promise<string> =>
  (await at().objects.run(['exec', '-n', at().namespace, `deployment/${name}`, '--', 'printenv', 'PASSWORD'])).trim()

const leave = async (client: StoreClient): Promise<void> => {
  client.redis.disconnect()
  await client.close()
}

/** A request in flight that never ends: it writes its session back again and again, and connects anew when it is cut. */
const neverEnding = (client: StoreClient) => {
  const state = { isOver: false, lastMs: 0 }
  const write = async () => {
    while (!state.isOver) {
      try {
        await client.redis.set('shop:session:in-flight', 'logged in', 'EX', 3600)
        state.lastMs = performance.now()
      } catch {
        // Refused, or cut: it tries again.
      }
      await delay(1)
    }
  }
  void write()
  return {
    lastMs: () => state.lastMs,
    stop: async () => {
      state.isOver = true
      await leave(client)
    },
  }
}

test.each([
  ['Standalone', {}, 0],
  ['Replicated', topology(), 2],
] as const)(
  '%s: who has a password of before is out for good, nobody is waited for, and labelled workloads begin anew',
  async (mode, spec, replicas) => {
    const { cluster, objects, namespace } = at()
    const name = mode.toLowerCase()
    await objects.apply(store(namespace, name, { spec }))
    await untilReady(objects, namespace, name)
    if (replicas > 0) await untilWhole(at(), name)
    const [shop, other] = [`${name}-shop`, `${name}-other`]
    await objects.apply(deployment(shop, name, 'web'), deployment(other, name, 'another-client'))
    for (const each of [shop, other]) await untilRolledOut(each)
    const generationOf = async (each: string) =>
      (await objects.get('deployment', each, namespace)).metadata as unknown as { generation: number }
    const untouched = await generationOf(other)
    const old = await loginOf(name)
    expect(await passwordIn(shop)).toBe(old['password'])
    const before = await connectClient(cluster, objects, namespace, name)
    await writeSessions(before.redis, sessions)
    const request = neverEnding(await connectClient(cluster, objects, namespace, name))

    const startedMs = performance.now()
    await rotate(`${name}-flush`, name)
    const ended = await untilEnded(`${name}-flush`)
    const tookMs = performance.now() - startedMs
    const status = statusOf(ended)
    expect(status).toMatchObject({ phase: 'Completed', rotation: [{ client: 'web', user: 'web-b' }] })
    expect(status.plan?.costs.join('\n')).toContain(`The operator restarts Deployment ${shop}.`)
    expect(status.resurrections).toEqual({ removed: 0 })
    for (const type of ['Fenced', 'Rotated', 'Verified', 'Unfenced']) expect(isTrue(ended, type), type).toBe(true)
    expect(conditionOf(ended, 'Drained')).toBeUndefined()
    // Far less than the drain.
    expect(tookMs).toBeLessThan(15_000)
    console.log(`${mode}: completed after ${(tookMs / 1000).toFixed(1)} s`)

    // It goes on trying, with the right to write back for everybody else.
    const openedMs = performance.now()
    await delay(2_000)
    expect(request.lastMs(), 'the last write of the request in flight').toBeLessThan(openedMs)
    const fresh = await loginOf(name)
    expect(fresh['username']).toBe('web-b')
    expect(fresh['password']).not.toBe(old['password'])
    expect(await canLogIn(at(), name, old)).toMatch(/WRONGPASS|NOAUTH/)
    const after = await connectClient(cluster, objects, namespace, name)
    expect(await countSessions(after.redis, sessions)).toBe(0)
    expect(await after.redis.get('shop:session:in-flight')).toBeNull()
    expect(await canLogIn(at(), name, fresh)).toBe('OK')

    await untilRolledOut(shop)
    await waitUntil('the new pod has the new password', async () => (await passwordIn(shop)) === fresh['password'], {
      timeoutMs: 30_000,
    })
    // Once: the store's own look at the new password does not restart anything again.
    await objects.until(
      'sessionstore',
      name,
      namespace,
      'the rotation is noted',
      (each) =>
        (each['status'] as { credentials?: readonly { user: string; rotations: number }[] }).credentials?.[0]
          ?.rotations === 1,
    )
    expect((await generationOf(shop)).generation).toBe(untouched.generation + 1)
    expect(await generationOf(other)).toMatchObject({ generation: untouched.generation })
    const records = (await objects.list('auditrecords', namespace))
      .map((record) => (record['spec'] as { entry: { type: string; storeName: string; details: object } }).entry)
      .filter(({ storeName }) => storeName === name)
    expect(records.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['FlushIntended', 'CredentialRotated', 'FlushCompleted']),
    )
    expect(records.find(({ type }) => type === 'FlushIntended')?.details).toMatchObject({ guarantee: 'Rotated' })
    expect(records.find(({ type }) => type === 'FlushCompleted')?.details).toMatchObject({ rotation: status.rotation })
    const everything = JSON.stringify([records, ended, await objects.list('events', namespace)])
    for (const { password } of [old, fresh]) expect(everything).not.toContain(password)

    await request.stop()
    for (const each of [before, after]) await leave(each)
    for (const each of [shop, other]) await objects.delete('deployment', each, namespace)
    await objects.delete('sessionstore', name, namespace)
  },
)

test('both passwords of a rotation that is under way are out, on connections that are open too', async () => {
  const { cluster, objects, namespace } = at()
  await objects.apply(store(namespace, 'both'))
  await untilReady(objects, namespace, 'both')
  const first = await loginOf('both')
  const oldest = neverEnding(await connectClient(cluster, objects, namespace, 'both'))
  const web = { name: 'web', from: [{ podSelector: { matchLabels: { app: 'web' } } }], rotation: { request: 'one' } }
  await objects.patch('sessionstore', 'both', namespace, { spec: { clients: [web] } })
  await objects.until(
    'sessionstore',
    'both',
    namespace,
    'rotating',
    (each) => conditionOf(each, 'CredentialsCurrent')?.reason === 'OldCredentialInUse',
  )
  const second = await loginOf('both')
  const newer = neverEnding(await connectClient(cluster, objects, namespace, 'both'))
  await rotate('both', 'both')
  expect(statusOf(await untilEnded('both'))).toMatchObject({
    phase: 'Completed',
    rotation: [{ client: 'web', user: 'web-a' }],
  })
  const openedMs = performance.now()
  await delay(2_000)
  for (const each of [oldest, newer]) {
    expect(each.lastMs()).toBeLessThan(openedMs)
    await each.stop()
  }
  for (const login of [first, second]) expect(await canLogIn(at(), 'both', login)).toMatch(/WRONGPASS|NOAUTH/)
  expect(await canLogIn(at(), 'both', await loginOf('both'))).toBe('OK')
  const done = await objects.until(
    'sessionstore',
    'both',
    namespace,
    'current',
    (each) => conditionOf(each, 'CredentialsCurrent')?.reason === 'Current',
  )
  expect((done['status'] as { credentials: readonly object[] }).credentials).toMatchObject([{ user: 'web-a' }])
  await objects.delete('sessionstore', 'both', namespace)
})

test('some people alone: theirs end, others stay logged in with the new password', async () => {
  const { cluster, objects, namespace } = at()
  const spec = { sessions: { client: 'express', keyPrefix: 'shop:session', principalPath: ['user'] } }
  await objects.apply(store(namespace, 'some', { spec }))
  await untilReady(objects, namespace, 'some')
  const before = await connectClient(cluster, objects, namespace, 'some')
  await writeSessions(before.redis, sessions)
  await rotate('some', 'some', { scope: { principals: { values: ['user-7', 'user-8'] } } })
  expect(statusOf(await untilEnded('some'))).toMatchObject({
    phase: 'Completed',
    plan: { matched: 2 },
    nodes: [{ revoked: 2, remaining: 0 }],
  })
  const after = await connectClient(cluster, objects, namespace, 'some')
  expect(await countSessions(after.redis, sessions)).toBe(sessions - 2)
  for (const each of [before, after]) await leave(each)
  await objects.delete('sessionstore', 'some', namespace)
})

test('a client that brings its password keeps it: refused before anything changes, with what to do', async () => {
  const { cluster, objects, namespace } = at()
  const stringData = { password: 'brought-by-somebody' }
  await objects.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name: 'vault' }, stringData })
  const clients = [{ name: 'web', from: [{ podSelector: {} }], passwordSecret: { name: 'vault' } }]
  await objects.apply(store(namespace, 'brought', { spec: { clients } }))
  await untilReady(objects, namespace, 'brought')
  const client = await connectClient(cluster, objects, namespace, 'brought')
  await writeSessions(client.redis, 10)
  await rotate('brought', 'brought')
  const { phase, outcome, auditRecords } = statusOf(await untilEnded('brought'))
  expect({ phase, reason: outcome?.reason }).toEqual({ phase: 'Failed', reason: 'PasswordBrought' })
  expect(outcome?.message).toContain(
    'in Secret vault: write a new one there and end the old one as docs/credentials.md says',
  )
  expect(auditRecords).toBeUndefined()
  expect(await countSessions(client.redis, 10)).toBe(10)
  await leave(client)
  await objects.delete('sessionstore', 'brought', namespace)
})

test('an ordinary rotation restarts labelled workloads as well, with no request failed', async () => {
  const { objects, namespace } = at()
  await objects.apply(store(namespace, 'calm'))
  await untilReady(objects, namespace, 'calm')
  await objects.apply(deployment('calm-shop', 'calm', 'web'))
  await untilRolledOut('calm-shop')
  const old = await passwordIn('calm-shop')
  const web = { name: 'web', from: [{ podSelector: { matchLabels: { app: 'web' } } }], rotation: { request: 'one' } }
  await objects.patch('sessionstore', 'calm', namespace, { spec: { clients: [web] } })
  const { password } = await waitUntil(
    'the Secret has another password',
    async () => {
      const login = await loginOf('calm')
      return login['password'] !== old && login
    },
    { timeoutMs: 30_000 },
  )
  await waitUntil('the new pod has it', async () => (await passwordIn('calm-shop')) === password, {
    timeoutMs: 60_000,
    intervalMs: 500,
  })
  // The password of before still works: nobody was cut off.
  expect(await canLogIn(at(), 'calm', { username: 'web-a', password: old })).toBe('OK')
  await objects.delete('deployment', 'calm-shop', namespace)
  await objects.delete('sessionstore', 'calm', namespace)
})

test('a workload that cannot be restarted holds nobody up, and is told', async () => {
  const { objects, namespace } = at()
  const blocked = { 'e2e-rotated/blocked': 'yes' }
  const webhook = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'e2e-rotated' },
    webhooks: [
      {
        name: 'nobody.answers.test',
        clientConfig: { service: { namespace, name: 'nobody', path: '/' } },
        rules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments'] }],
        objectSelector: { matchLabels: blocked },
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  }
  const { metadata, ...rest } = deployment('stuck-shop', 'stuck', 'web')
  await objects.apply(store(namespace, 'stuck'), {
    ...rest,
    metadata: { ...metadata, labels: { ...metadata.labels, ...blocked } },
  })
  await untilReady(objects, namespace, 'stuck')
  await objects.apply(webhook)
  try {
    await waitUntil(
      'the webhook is in the way',
      async () => {
        const tried = objects.run(['annotate', 'deployment/stuck-shop', '-n', namespace, 'a=b', '--dry-run=server'])
        return await tried.then(
          () => false,
          (error: unknown) => String(error).includes('nobody.answers.test'),
        )
      },
      { timeoutMs: 30_000, intervalMs: 200 },
    )
    await rotate('stuck', 'stuck')
    expect(statusOf(await untilEnded('stuck'))).toMatchObject({ phase: 'Completed', outcome: { reason: 'Verified' } })
    expect(await canLogIn(at(), 'stuck', await loginOf('stuck'))).toBe('OK')
    await waitUntil(
      'an event tells',
      async () =>
        JSON.stringify(await objects.list('events', namespace)).includes(
          'Deployment stuck-shop could not be restarted',
        ),
      { timeoutMs: 20_000 },
    )
  } finally {
    await objects.run(['delete', 'validatingwebhookconfiguration', 'e2e-rotated', '--ignore-not-found'])
  }
  await objects.delete('deployment', 'stuck-shop', namespace)
  await objects.delete('sessionstore', 'stuck', namespace)
})
