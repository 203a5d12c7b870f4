import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { Kubectl } from './kubectl.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { isReady, restrictedNamespace } from './fixtures.ts'
import { Objects, type KubeObject } from './objects.ts'
import { makeAuthority, makeServerCertificate } from './openssl.ts'

const folder = join(import.meta.dirname, '../../docs/examples')
const namespace = 'shop'
const stores = readdirSync(folder).filter((file) => !file.startsWith('flush'))
const read = (file: string): string => readFileSync(join(folder, file), 'utf8')

let objects: Objects
beforeAll(async () => {
  objects = new Objects(new Kubectl(await openCluster({ log: () => undefined })))
  await objects.run(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=true'])
  await objects.apply(restrictedNamespace(namespace))
})
afterAll(async () => {
  await objects.run(['delete', 'namespace', namespace, '--wait=true'])
})

const parts = (text: string): readonly KubeObject[] =>
  parseAllDocuments(text).map((document) => document.toJS() as KubeObject)

test.each(stores)('docs/examples/%s, as it stands, gets Ready', async (file) => {
  if (file === 'tls-own-certificate.yaml') {
    const stringData = await makeServerCertificate(await makeAuthority('company'), ['own.shop.svc'])
    await objects.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'own-redis', namespace }, stringData })
  }
  await objects.run(['apply', '-f', '-'], read(file))
  for (const { kind, metadata } of parts(read(file)).filter((part) => part.kind === 'SessionStore')) {
    const ready = await objects.until('sessionstore', metadata.name, namespace, `${kind} is Ready`, isReady)
    expect(ready.metadata.namespace).toBe(namespace)
    // `web` is what the flush is of.
    if (metadata.name !== 'web') await objects.delete('sessionstore', metadata.name, namespace)
  }
})

test.each(['flush.yaml', 'flush-people.yaml', 'flush-rotated.yaml'])(
  'docs/examples/%s, as it stands, completes',
  async (file) => {
    const created = await objects.run(['create', '-o', 'name', '-f', '-'], read(file))
    const [, name = ''] = /^flushsessions\S*\/(\S+)$/m.exec(created) ?? []
    await objects.until(
      'flushsessions',
      name,
      namespace,
      'completed',
      (each) => (each['status'] as { phase?: string } | undefined)?.phase === 'Completed',
    )
  },
)
