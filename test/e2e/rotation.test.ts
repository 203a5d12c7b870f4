import { expect, test } from 'vitest'
import type { SessionStoreStatus } from '../../src/api/session-store-status.ts'
import { canLogIn } from './can-log-in.ts'
import { derivedPassword, readMasterKey } from './derived-password.ts'
import { redisThrough, store, untilReady } from './fixtures.ts'
import { conditionOf, secretData, type KubeObject } from './objects.ts'
import { load, topology, unhurried, unload, untilWhole } from './replicated/fixture.ts'
import { missing } from './load/missing.ts'
import { untilOwn, whoAmI } from './own-credentials.ts'
import { suite } from './suite.ts'
import { openTunnel } from './tunnel.ts'

const at = suite('e2e-rotation')

const credentialOf = (object: KubeObject) =>
  ((object['status'] ?? {}) as SessionStoreStatus).credentials?.find(({ client }) => client === 'web')

const rotate = (name: string, rotation: object) => {
  const web = { name: 'web', from: [{ podSelector: { matchLabels: { app: 'web' } } }], rotation }
  return at().objects.patch('sessionstore', name, at().namespace, { spec: { clients: [web] } })
}

const secretOf = async (name: string) => secretData(await at().objects.get('secret', `${name}-web`, at().namespace))

test.each([
  ['Standalone', {}, 0],
  ['Replicated', topology(), 2],
] as const)(
  '%s: a password rotates with no request failed; the old one goes when nobody uses it, or when it is forced',
  async (mode, spec, replicas) => {
    const { objects, namespace } = at()
    const name = mode.toLowerCase()
    await objects.apply(store(namespace, name, { spec }))
    await untilReady(objects, namespace, name)
    if (replicas > 0) await untilWhole(at(), name)
    const pods = async () =>
      (await objects.list('pods', namespace, '-l', `app.kubernetes.io/instance=${name}`)).map(
        ({ metadata }) => metadata.uid,
      )
    const before = await pods()
    const loaded = await load(at(), name, 1000, unhurried)
    const old = await secretOf(name)

    await rotate(name, { request: 'first' })
    const inUse = await objects.until(
      'sessionstore',
      name,
      namespace,
      'rotated',
      (each) => conditionOf(each, 'CredentialsCurrent')?.reason === 'OldCredentialInUse',
    )
    // Both connections of the writer, and the pod that they come from.
    expect(conditionOf(inUse, 'CredentialsCurrent')?.message).toMatch(/^client still use web-a/)
    const fresh = await secretOf(name)
    expect(fresh['username']).toBe('web-b')
    expect(fresh['password']).not.toBe(old['password'])
    expect(fresh['uri']).toContain('web-b')
    expect(await canLogIn(at(), name, fresh)).toBe('OK')
    // Who has not read the Secret again is not cut off, not even when it connects anew.
    expect(await canLogIn(at(), name, old)).toBe('OK')

    await loaded.writer.login({ username: fresh['username'] ?? '', password: fresh['password'] ?? '' })
    await loaded.writer.reconnect()
    const markMs = loaded.writer.mark()
    await rotate(name, { request: 'first', force: 'first' })
    const done = await objects.until(
      'sessionstore',
      name,
      namespace,
      'the old user gone',
      (each) => conditionOf(each, 'CredentialsCurrent')?.reason === 'Current',
    )
    expect(credentialOf(done)).toMatchObject({ user: 'web-b', request: 'first', rotations: 1 })
    expect(credentialOf(done)?.retiring).toBeUndefined()
    await loaded.writer.untilWrites(markMs + 500)
    expect(await canLogIn(at(), name, old)).toMatch(/WRONGPASS|NOAUTH/)

    const report = await loaded.writer.stop()
    // Nothing failed: it had read its Secret when the old user was cut.
    expect(report.failedAttempts).toEqual([])
    loaded.client.redis.disconnect()
    const again = redisThrough(await openTunnelTo(name), fresh)
    expect(await missing(again, report)).toBe(0)
    again.disconnect()
    expect(await pods()).toEqual(before)
    const records = await objects.list('auditrecords', namespace)
    const types = records
      .map((record) => (record['spec'] as { entry: { type: string; storeName: string } }).entry)
      .filter((entry) => entry.storeName === name)
      .map(({ type }) => type)
    expect(types).toContain('CredentialRotated')
    await unload(at(), name, loaded)
  },
)

const openTunnelTo = async (name: string) => {
  const { cluster, objects, namespace } = at()
  const { clusterIP } = (await objects.get('service', name, namespace))['spec'] as { clusterIP: string }
  return await openTunnel(cluster, namespace, 'client', clusterIP, 6379)
}

test('a client brings its password: it works from the start, another one is a rotation, and one that is none changes nothing', async () => {
  const { objects, namespace } = at()
  const bring = (password: string) =>
    objects.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name: 'vault-web' },
      stringData: { pass: password },
    })
  const clients = [{ name: 'web', from: [{ podSelector: {} }], passwordSecret: { name: 'vault-web', key: 'pass' } }]
  await bring('brought-by-somebody')
  await objects.apply(store(namespace, 'brought', { spec: { clients } }))
  await untilReady(objects, namespace, 'brought')
  const first = { username: 'web-a', password: 'brought-by-somebody' }
  expect(await secretOf('brought')).toMatchObject(first)
  expect(await canLogIn(at(), 'brought', first)).toBe('OK')

  await bring('short')
  const refused = await objects.until(
    'sessionstore',
    'brought',
    namespace,
    'told what is wrong',
    (each) => conditionOf(each, 'CredentialsCurrent')?.reason === 'PasswordSecretUnusable',
  )
  expect(conditionOf(refused, 'CredentialsCurrent')?.message).toContain('use 8 to 512 printable ASCII characters')
  expect(await canLogIn(at(), 'brought', first)).toBe('OK')

  await bring('brought-by-somebody-else')
  await objects.until('sessionstore', 'brought', namespace, 'rotated', (each) => credentialOf(each)?.user === 'web-b')
  const second = { username: 'web-b', password: 'brought-by-somebody-else' }
  expect(await secretOf('brought')).toMatchObject(second)
  expect(await canLogIn(at(), 'brought', second)).toBe('OK')
  expect(await canLogIn(at(), 'brought', first)).toBe('OK')
  await objects.delete('sessionstore', 'brought', namespace)
})

test('an old password that nobody was seen with for a minute goes by itself', async () => {
  const { objects, namespace } = at()
  await objects.apply(store(namespace, 'quiet'))
  await untilReady(objects, namespace, 'quiet')
  const old = await secretOf('quiet')
  await rotate('quiet', { request: 'once' })
  await objects.until('sessionstore', 'quiet', namespace, 'rotated', (each) => credentialOf(each)?.user === 'web-b')
  expect(await canLogIn(at(), 'quiet', old)).toBe('OK')
  await objects.until(
    'sessionstore',
    'quiet',
    namespace,
    'the old user gone',
    (each) => credentialOf(each)?.retiring === undefined,
    120_000,
  )
  expect(await canLogIn(at(), 'quiet', old)).toMatch(/WRONGPASS|NOAUTH/)
  await objects.delete('sessionstore', 'quiet', namespace)
})

test("the operator's own password and that of replicas change under load; who had stolen one is cut off", async () => {
  const { objects, namespace } = at()
  const masterKey = await readMasterKey(objects)
  await objects.apply(store(namespace, 'own', { spec: topology() }))
  await untilReady(objects, namespace, 'own')
  await untilWhole(at(), 'own')
  const { metadata } = await objects.get('sessionstore', 'own', namespace)
  const old = (user: 'operator' | 'replication') => derivedPassword(masterKey, user, metadata.uid)
  const uids = async () =>
    (await objects.list('pods', namespace, '-l', 'app.kubernetes.io/instance=own')).map((pod) => pod.metadata.uid)
  const pods = await uids()
  const loaded = await load(at(), 'own', 1000, unhurried)
  expect(await whoAmI(at(), 'own', 'operator', old('operator'))).toBe('operator')
  expect(await whoAmI(at(), 'own', 'replication', old('replication'))).toBe('PONG')
  const thief = redisThrough(await openTunnelTo('own'), { username: 'operator', password: old('operator') })
  await thief.ping()
  const cut = new Promise<void>((resolve) => thief.once('close', () => resolve()))
  const markMs = loaded.writer.mark()
  await objects.patch('sessionstore', 'own', namespace, {
    spec: { ownCredentials: { rotation: { request: 'stolen' } } },
  })
  await untilOwn(at(), 'own', ({ request, generation }) => request === 'stolen' && generation === 2)
  await cut
  thief.disconnect()
  for (const user of ['operator', 'replication'] as const)
    expect(await whoAmI(at(), 'own', user, old(user)), user).toMatch(/WRONGPASS|NOAUTH|max retries/)
  await loaded.writer.untilWrites(loaded.writer.mark() + 2_000)
  const writtenMs = loaded.writer.mark()
  expect(await uids()).toEqual(pods)
  // Replicas know theirs: they follow whoever is the primary next.
  const { primary } = await untilWhole(at(), 'own')
  await objects.run(['delete', 'pod', primary?.current ?? '', '-n', namespace, '--wait=false'])
  await untilWhole(at(), 'own', { afterTerm: primary?.term ?? 0 })
  const report = await loaded.writer.stop()
  expect(report.failedAttempts.filter(({ atMs }) => atMs > markMs && atMs < writtenMs)).toEqual([])
  expect(await missing(loaded.client.redis, report)).toBe(0)
  const records = (await objects.list('auditrecords', namespace)).map(
    (record) => (record['spec'] as { entry: { type: string; details: Record<string, unknown> } }).entry,
  )
  expect(records.filter(({ details }) => details['user'] === 'operator')).toHaveLength(1)
  await unload(at(), 'own', loaded)
})
