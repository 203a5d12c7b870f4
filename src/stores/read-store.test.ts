import { expect, test } from 'vitest'
import { readStore } from './read-store.ts'

const object = {
  apiVersion: 'sessionstore.dev/v1alpha1',
  kind: 'SessionStore',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    memory: { maxmemory: '64Mi' },
    sessions: { client: 'express' as const, keyPrefix: 'shop' },
    clients: [{ name: 'web', from: [{ podSelector: {} }] }],
  },
}

test('what an older CRD did not fill in is filled in when it is read', () => {
  expect(readStore(object)).toMatchObject({
    spec: { deletionPolicy: 'Delete', sessions: { ttl: { enforcement: 'Report' } } },
  })
})

test('a spec that does not hold names its field and leaves Redis alone', () => {
  const broken = { ...object, spec: { ...object.spec, memory: { maxmemory: 'plenty' } } }
  expect(readStore(broken)).toMatch(/^spec\.memory\.maxmemory: .* left as it is/)
})
