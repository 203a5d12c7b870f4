import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { canLogIn } from './can-log-in.ts'
import { connectClient, countSessions, encryptionOf, flush, store, untilReady } from './fixtures.ts'
import { missing } from './load/missing.ts'
import { conditionOf, secretData, type KubeObject } from './objects.ts'
import {
  expectSeeds,
  load,
  statusOf,
  topology,
  unhurried,
  unload,
  untilWhole,
  type Loaded,
} from './replicated/fixture.ts'
import { makeAuthority, makeServerCertificate } from './openssl.ts'
import { suite } from './suite.ts'

const at = suite('e2e-tls')

const managed = (rest: object = {}) => ({ tls: { mode: 'Managed', ...rest } })

const secretOf = async (name: string) => secretData(await at().objects.get('secret', `${name}-web`, at().namespace))

const podUids = async (name: string) =>
  (await at().objects.list('pods', at().namespace, '-l', `app.kubernetes.io/instance=${name}`)).map(
    ({ metadata }) => metadata.uid,
  )

const untilCertificate = (name: string, what: string, holds: (object: KubeObject) => boolean, timeoutMs = 90_000) =>
  at().objects.until('sessionstore', name, at().namespace, what, holds, timeoutMs)

const reason = (object: KubeObject) => conditionOf(object, 'CertificateCurrent')?.reason

/** Current, with another certificate than before, which every node has shown. */
const untilRenewed = async (name: string, before: string | undefined) => {
  const object = await untilCertificate(
    name,
    'another certificate',
    (each) =>
      reason(each) === 'Current' && statusOf(each).tls?.serial !== before && statusOf(each).tls?.loaded === true,
  )
  const { tls, nodes = [] } = statusOf(object)
  expect(new Set(nodes.map(({ certificate }) => certificate))).toEqual(new Set([tls?.serial]))
  return statusOf(object)
}

const readAgain = async (name: string, { writer }: Loaded) => {
  const secret = await secretOf(name)
  await writer.login({
    username: secret['username'] ?? '',
    password: secret['password'] ?? '',
    ...encryptionOf(secret),
  })
  return secret
}

const expectNothingLost = async (name: string, loaded: Loaded) => {
  const report = await loaded.writer.stop()
  loaded.client.redis.disconnect()
  await loaded.client.close()
  // By what the Secret says now: the one of before may trust an authority that is gone.
  const client = await connectClient(at().cluster, at().objects, at().namespace, name)
  expect(await missing(client.redis, report)).toBe(0)
  await expectSeeds({ ...loaded, client })
  await unload(at(), name, { ...loaded, client })
  return report
}

const recordsOf = async (name: string) =>
  (await at().objects.list('auditrecords', at().namespace))
    .map((record) => (record['spec'] as { entry: { type: string; storeName: string } }).entry)
    .filter((entry) => entry.storeName === name)
    .map(({ type }) => type)

test.each(['Redis', 'Valkey'] as const)(
  '%s, Managed: everything is encrypted; certificate and authority change under load with no request failed and no pod restarted',
  async (engine) => {
    const { objects, namespace } = at()
    const name = engine.toLowerCase()
    const spec = { ...topology(), ...managed({ renewal: { overlap: '10s' } }) }
    await objects.apply(store(namespace, name, { engine, spec }))
    await untilReady(objects, namespace, name)
    await untilWhole(at(), name)
    const first = await secretOf(name)
    expect(first).toMatchObject({ port: '6380', host: `${name}.${namespace}.svc` })
    expect(first['uri']).toMatch(/^rediss:/)
    expect(await canLogIn(at(), name, first)).toBe('OK')
    // The other port is closed, to declared clients as well.
    const { 'ca.crt': _ca, ...plaintext } = first
    expect(await canLogIn(at(), name, { ...plaintext, port: '6379' })).not.toBe('OK')

    // Whoever reads every Secret of the namespace cannot make certificates.
    const authorityKey = new X509Certificate(first['ca.crt'] ?? '').publicKey.export({ type: 'spki', format: 'pem' })
    for (const secret of await objects.list('secrets', namespace))
      for (const text of Object.values(secretData(secret)).filter((each) => each.includes('PRIVATE KEY')))
        expect(createPublicKey(createPrivateKey(text)).export({ type: 'spki', format: 'pem' })).not.toBe(authorityKey)

    const pods = await podUids(name)
    const loaded = await load(at(), name, 1000, unhurried)
    const markMs = loaded.writer.mark()
    const before = await untilRenewed(name, undefined)
    await objects.patch('sessionstore', name, namespace, { spec: managed({ renewal: { request: 'first' } }) })
    const renewed = await untilRenewed(name, before.tls?.serial)
    expect((await secretOf(name))['ca.crt']).toBe(first['ca.crt'])
    expect(await canLogIn(at(), name, first)).toBe('OK')

    await objects.patch('sessionstore', name, namespace, { spec: managed({ renewal: { authorityRequest: 'first' } }) })
    const changing = await untilCertificate(name, 'two authorities', (each) => reason(each) === 'AuthorityChanging')
    expect(statusOf(changing).tls).toMatchObject({ authority: 2, serial: renewed.tls?.serial })
    // An application that reads it now trusts both; one that has not still connects.
    const both = await readAgain(name, loaded)
    expect(both['ca.crt']).toContain((first['ca.crt'] ?? 'none').trim())
    expect(await canLogIn(at(), name, first)).toBe('OK')
    const last = await untilCertificate(
      name,
      'the old authority gone',
      (each) =>
        reason(each) === 'Current' &&
        statusOf(each).tls?.authority === 2 &&
        statusOf(each).tls?.serial !== renewed.tls?.serial,
    )
    expect(statusOf(last).nodes?.map(({ certificate }) => certificate)).toEqual(
      Array.from({ length: 3 }, () => statusOf(last).tls?.serial),
    )
    const after = await readAgain(name, loaded)
    expect(after['ca.crt']).not.toContain((first['ca.crt'] ?? 'none').trim())
    expect(await canLogIn(at(), name, after)).toBe('OK')
    expect(await canLogIn(at(), name, first)).not.toBe('OK')
    expect(await podUids(name)).toEqual(pods)
    await loaded.writer.untilWrites(loaded.writer.mark() + 300)
    expect((await recordsOf(name)).filter((type) => type === 'CertificateChanged')).toHaveLength(2)

    const rotated = await loaded.writer.stop()
    expect(rotated.failedAttempts.filter(({ atMs }) => atMs > markMs)).toEqual([])
    loaded.client.redis.disconnect()
    await loaded.client.close()

    // A failover is no different with TLS.
    const again = await load(at(), name)
    expect(await missing(again.client.redis, rotated)).toBe(0)
    const deletedMs = again.writer.mark()
    await objects.run([
      'delete',
      'pod',
      statusOf(last).primary?.current ?? '',
      '-n',
      namespace,
      '--grace-period=0',
      '--force',
    ])
    await untilWhole(at(), name, { afterTerm: 1 })
    const report = await expectNothingLost(name, again)
    expect(report.gapMs(deletedMs, deletedMs + 5000)).toBeLessThan(1_400)
  },
)

test('a store without TLS gets it under load: both ports while applications move, and then one', async () => {
  const { objects, namespace } = at()
  await objects.apply(store(namespace, 'moves', { spec: topology() }))
  await untilReady(objects, namespace, 'moves')
  await untilWhole(at(), 'moves')
  const loaded = await load(at(), 'moves')
  const old = await secretOf('moves')
  await objects.patch('sessionstore', 'moves', namespace, { spec: managed({ plaintext: 'Allow' }) })
  await untilCertificate('moves', 'every pod speaks TLS', (each) => reason(each) === 'Current', 120_000)
  await untilWhole(at(), 'moves', { afterTerm: 1 })
  expect(await canLogIn(at(), 'moves', old)).toBe('OK')
  const fresh = await secretOf('moves')
  expect(fresh['uri']).toMatch(/^rediss:.*:6380/)
  expect(await canLogIn(at(), 'moves', fresh)).toBe('OK')
  // Replicas moved by themselves.
  const report = await loaded.writer.stop()
  expect(await missing(loaded.client.redis, report)).toBe(0)
  await expectSeeds(loaded)
  // Who is connected without TLS is, until that port is closed.
  expect(await loaded.client.redis.get('shop:session:0')).toContain('user-0')
  await objects.patch('sessionstore', 'moves', namespace, { spec: managed({ plaintext: 'Deny' }) })
  await objects.until('service', 'moves', namespace, 'one port', (service) => {
    const { ports } = service['spec'] as { ports: { port: number }[] }
    return ports.length === 1 && ports[0]?.port === 6380
  })
  await untilReady(objects, namespace, 'moves')
  expect(await canLogIn(at(), 'moves', old)).not.toBe('OK')
  expect(await canLogIn(at(), 'moves', fresh)).toBe('OK')
  const again = await load(at(), 'moves', 10)
  expect(await missing(again.client.redis, report)).toBe(0)
  await again.writer.stop()

  // And back: nothing of it is left.
  await objects.patch('sessionstore', 'moves', namespace, { spec: { tls: { mode: 'Disabled' } } })
  await objects.until(
    'sessionstore',
    'moves',
    namespace,
    'without TLS',
    (each) => statusOf(each).tls === undefined && reason(each) === undefined,
    120_000,
  )
  await untilWhole(at(), 'moves')
  const names = (await objects.list('secrets', namespace)).map(({ metadata }) => metadata.name)
  expect(names).not.toContain('moves-tls')
  const plain = await secretOf('moves')
  expect(plain).toMatchObject({ port: '6379' })
  expect(plain['ca.crt']).toBeUndefined()
  expect(await canLogIn(at(), 'moves', plain)).toBe('OK')
  loaded.client.redis.disconnect()
  await loaded.client.close()
  await unload(at(), 'moves', again)
})

test('a certificate that is brought: refused with the remedy when nobody could use it, and exchanged for one of another authority under load', async () => {
  const { objects, namespace } = at()
  const host = `brought.${namespace}.svc`
  const bring = (data: Readonly<Record<string, string>>) =>
    objects.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name: 'own' }, stringData: data })
  const told = async (text: string) => {
    const object = await untilCertificate('brought', text, (each) =>
      (conditionOf(each, 'CertificateCurrent')?.message ?? '').includes(text),
    )
    expect(reason(object)).toBe('CertificateUnusable')
  }
  const [one, two] = [await makeAuthority('one'), await makeAuthority('two')]
  const first = await makeServerCertificate(one, [host])
  await objects.apply(
    store(namespace, 'brought', { spec: { ...topology(), tls: { mode: 'Secret', secret: { name: 'own' } } } }),
  )
  await told('Secret own is not there. Create it')
  await bring({ ...(await makeServerCertificate(one, ['elsewhere.example'])) })
  await told(`not for ${host}, where applications connect: add that DNS name`)
  await bring({ ...first, 'tls.key': (await makeServerCertificate(one, [host]))['tls.key'] })
  await told('a tls.key that is not the one of tls.crt')
  await bring({ ...first, 'ca.crt': two.certificate })
  await told('none in its ca.crt has signed')
  expect(await podUids('brought')).toEqual([])

  await bring(first)
  await untilReady(objects, namespace, 'brought')
  await untilWhole(at(), 'brought')
  const serial = new X509Certificate(first['tls.crt']).serialNumber
  expect((await untilRenewed('brought', undefined)).tls?.serial).toBe(serial)
  const pods = await podUids('brought')
  const loaded = await load(at(), 'brought', 1000, unhurried)
  const markMs = loaded.writer.mark()
  // One that cannot be used changes nothing.
  await bring({ ...first, 'tls.crt': 'nonsense' })
  await told('no certificate in tls.crt')
  expect(await canLogIn(at(), 'brought', await secretOf('brought'))).toBe('OK')

  const second = await makeServerCertificate(two, [host])
  await bring(second)
  const exchanged = await untilRenewed('brought', serial)
  expect(exchanged.tls?.serial).toBe(new X509Certificate(second['tls.crt']).serialNumber)
  await readAgain('brought', loaded)
  await loaded.writer.untilWrites(loaded.writer.mark() + 300)
  expect((await secretOf('brought'))['ca.crt']?.trim()).toBe(two.certificate.trim())
  expect(await podUids('brought')).toEqual(pods)
  const report = await expectNothingLost('brought', loaded)
  expect(report.failedAttempts.filter(({ atMs }) => atMs > markMs)).toEqual([])
})

test('with client certificates required, whoever has none of this store is refused; replicas, probes and the operator have theirs', async () => {
  const { objects, namespace } = at()
  const spec = { ...topology(), ...managed({ clientCertificates: 'Required' }) }
  await objects.apply(
    store(namespace, 'mutual', { spec }),
    store(namespace, 'other', { spec: managed({ clientCertificates: 'Required' }) }),
  )
  for (const name of ['mutual', 'other']) await untilReady(objects, namespace, name)
  await untilWhole(at(), 'mutual')
  const secret = await secretOf('mutual')
  expect(new X509Certificate(secret['tls.crt'] ?? '').subject).toContain('CN=web')
  expect(await canLogIn(at(), 'mutual', secret)).toBe('OK')
  const { 'tls.crt': _crt, 'tls.key': _key, ...without } = secret
  expect(await canLogIn(at(), 'mutual', without)).not.toBe('OK')
  const foreign = await secretOf('other')
  expect(
    await canLogIn(at(), 'mutual', {
      ...secret,
      'tls.crt': foreign['tls.crt'] ?? '',
      'tls.key': foreign['tls.key'] ?? '',
    }),
  ).not.toBe('OK')

  const loaded = await load(at(), 'mutual')
  await objects.apply(flush(namespace, 'mutual', 'mutual'))
  await objects.until(
    'flushsessions',
    'mutual',
    namespace,
    'completed',
    (each) => (each['status'] as { phase?: string } | undefined)?.phase === 'Completed',
    120_000,
  )
  expect(await countSessions(loaded.client.redis, loaded.seeds)).toBe(0)
  await unload(at(), 'mutual', loaded)
  await objects.delete('sessionstore', 'other', namespace)
})

test('what a person does to the Secret of certificates is put right, and nobody is cut off', async () => {
  const { objects, namespace } = at()
  await objects.apply(store(namespace, 'healed', { spec: managed() }))
  await untilReady(objects, namespace, 'healed')
  const secret = await secretOf('healed')
  const { serial } = (await untilRenewed('healed', undefined)).tls ?? {}
  const healed = async () => await untilRenewed('healed', serial)
  await objects.delete('secret', 'healed-tls', namespace)
  await objects.patch('sessionstore', 'healed', namespace, { metadata: { annotations: { look: 'again' } } })
  const renewed = await healed()
  // The same authority: what applications have read goes on to work.
  expect(await canLogIn(at(), 'healed', secret)).toBe('OK')
  await objects.patch('secret', 'healed-tls', namespace, { data: { 'tls.crt': 'bm9uc2Vuc2U=' } })
  await objects.patch('sessionstore', 'healed', namespace, { metadata: { annotations: { look: 'and again' } } })
  await untilRenewed('healed', renewed.tls?.serial)
  expect(await canLogIn(at(), 'healed', secret)).toBe('OK')
  await objects.delete('sessionstore', 'healed', namespace)
})
