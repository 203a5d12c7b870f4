import { expect, test } from 'vitest'
import { itself, ownerOf } from './mapping.ts'

const owner = { apiVersion: 'sessionstore.dev/v1alpha1', kind: 'SessionStore', name: 'web', uid: 'u', controller: true }
const owned = (change: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'web-primary', ownerReferences: [{ ...owner, ...change }] },
})
const ofStore = ownerOf('SessionStore', 'sessionstore.dev/v1alpha1')

test('an object asks for itself, with its namespace if it has one', () => {
  expect(itself(owned())).toEqual([{ namespace: 'shop', name: 'web-primary' }])
  expect(itself({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } })).toEqual([{ name: 'a' }])
})

test('an owned object asks for its controller, whatever version of the API it names', () => {
  expect(ofStore(owned())).toEqual([{ namespace: 'shop', name: 'web' }])
  expect(ofStore(owned({ apiVersion: 'sessionstore.dev/v1' }))).toEqual([{ namespace: 'shop', name: 'web' }])
})

test.each([
  ['of another kind', { kind: 'FlushSessions' }],
  ['of another group', { apiVersion: 'example.com/v1' }],
  ['that does not control it', { controller: false }],
])('but not for an owner %s', (_what, change) => {
  expect(ofStore(owned(change))).toEqual([])
})
