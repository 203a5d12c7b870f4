import { expect, test } from 'vitest'
import type { ReadSessionStore } from '../../api/resources.ts'
import { sessionStoreSpec } from '../../api/session-store.ts'
import { rollHash, statefulSet } from './stateful-set.ts'

const engine = { type: 'Redis', version: '8.8', image: 'docker.io/library/redis:8.8.3' } as const

const storeWith = (spec: object = {}): ReadSessionStore => ({
  apiVersion: 'sessionstore.dev/v1alpha1',
  kind: 'SessionStore',
  metadata: { name: 'web', namespace: 'shop', uid: '1' },
  spec: sessionStoreSpec.parse({
    memory: { maxmemory: '256Mi' },
    sessions: { client: 'express', keyPrefix: 'shop:session' },
    clients: [{ name: 'web', from: [{ podSelector: {} }] }],
    ...spec,
  }),
})

const hash = (spec: object = {}) => rollHash(storeWith(spec), engine)

// When this changes, an upgrade of the operator leaves every store with RestartPending: say so in the release notes, or undo it.
test('the roll hash of an unchanged spec is the one of the last release', () => {
  expect(hash()).toMatchInlineSnapshot(`"2e1a4ef8ab5ca65e"`)
})

test.each([
  ['maxmemory', { memory: { maxmemory: '1Gi' } }],
  ['the eviction policy', { memory: { maxmemory: '256Mi', evictionPolicy: 'noeviction' } }],
  ['persistence', { persistence: { mode: 'AppendOnly' } }],
  ['clients', { clients: [{ name: 'other', from: [{ podSelector: {} }] }] }],
  ['the TTL policy', { sessions: { client: 'express', keyPrefix: 'shop:session', ttl: { default: '1h' } } }],
  ['the network', { network: { enforcement: 'Disabled' } }],
  ['the deletion policy', { deletionPolicy: 'Retain' }],
])('a change of %s needs no restart', (_name, spec) => {
  expect(hash(spec)).toBe(hash())
})

test.each([
  ['the CPU request', { pod: { resources: { cpuRequest: '1' } } }],
  ['the node selector', { pod: { nodeSelector: { disk: 'ssd' } } }],
  ['pod labels', { pod: { labels: { team: 'shop' } } }],
])('a change of %s waits for a restart', (_name, spec) => {
  expect(hash(spec)).not.toBe(hash())
})

test('another image waits for a restart', () => {
  expect(rollHash(storeWith(), { ...engine, image: 'docker.io/library/redis:8.8.4' })).not.toBe(hash())
})

test('nothing secret is in the pod: no environment, no password in an argument', () => {
  const text = JSON.stringify(statefulSet(storeWith(), engine, 2 ** 28, 1).object)
  expect(text).not.toContain('"env"')
  expect(text).not.toContain('requirepass')
})
