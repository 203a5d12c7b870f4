import { expect, test } from 'vitest'
import { derivedPassword, readMasterKey } from './derived-password.ts'
import { connectClient, operatorNamespace, store, untilReady } from './fixtures.ts'
import { missing } from './load/missing.ts'
import { conditionOf } from './objects.ts'
import { restartOperator } from './operator.ts'
import { ownCredentialsOf, untilOwn, whoAmI } from './own-credentials.ts'
import { load, topology, unload, untilWhole } from './replicated/fixture.ts'
import { suite } from './suite.ts'

const at = suite('e2e-master-key')

test('another master key: every store takes it over, and the one of before opens nothing; no session is lost', async () => {
  const { objects, namespace } = at()
  const [name, previous] = ['session-store-operator-master-key', 'session-store-operator-previous-master-key']
  const before = await readMasterKey(objects)
  await objects.apply(
    store(namespace, 'plain'),
    store(namespace, 'keyed', {
      spec: { ...topology(), tls: { mode: 'Managed', clientCertificates: 'Required', renewal: { overlap: '5s' } } },
    }),
  )
  for (const each of ['plain', 'keyed']) await untilReady(objects, namespace, each)
  await untilWhole(at(), 'keyed')
  const { metadata } = await objects.get('sessionstore', 'plain', namespace)
  const loaded = await load(at(), 'keyed')
  expect(await whoAmI(at(), 'plain', 'operator', derivedPassword(before, 'operator', metadata.uid))).toBe('operator')
  const keyOf = async (each: string) => ownCredentialsOf(await objects.get('sessionstore', each, namespace))?.key
  const old = await keyOf('plain')

  const { data } = await objects.get('secret', name, operatorNamespace)
  await objects.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: previous, namespace: operatorNamespace },
    data,
  })
  await objects.delete('secret', name, operatorNamespace)
  await restartOperator(objects)
  for (const each of ['plain', 'keyed']) await untilOwn(at(), each, ({ key }) => key !== old)
  expect(await whoAmI(at(), 'plain', 'operator', derivedPassword(before, 'operator', metadata.uid))).toMatch(
    /WRONGPASS|NOAUTH|max retries/,
  )
  // The authority is derived from it as well: another one comes, in its three steps.
  await objects.until(
    'sessionstore',
    'keyed',
    namespace,
    'certificates of another authority',
    (each) => conditionOf(each, 'CertificateCurrent')?.reason === 'Current',
  )
  await objects.delete('secret', previous, operatorNamespace)
  await restartOperator(objects)
  for (const each of ['plain', 'keyed']) await untilReady(objects, namespace, each)
  const report = await loaded.writer.stop()
  loaded.client.redis.disconnect()
  await loaded.client.close()
  const client = await connectClient(at().cluster, objects, namespace, 'keyed')
  expect(await missing(client.redis, report)).toBe(0)
  await unload(at(), 'keyed', { ...loaded, client })
})
