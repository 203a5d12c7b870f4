import { expect, test } from 'vitest'
import { resourceLabel, resourcePath } from './resource-path.ts'

const pods = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }
const sets = { group: 'apps', version: 'v1', plural: 'statefulsets', kind: 'StatefulSet', namespaced: true }
const nodes = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false }

test.each([
  [pods, {}, '/api/v1/pods'],
  [pods, { namespace: 'shop' }, '/api/v1/namespaces/shop/pods'],
  [pods, { namespace: 'shop', name: 'web-0' }, '/api/v1/namespaces/shop/pods/web-0'],
  [
    sets,
    { namespace: 'shop', name: 'web', subresource: 'status' },
    '/apis/apps/v1/namespaces/shop/statefulsets/web/status',
  ],
  [nodes, { namespace: 'ignored', name: 'a:b' }, '/api/v1/nodes/a%3Ab'],
])('%j %j is at %s', (resource, options, path) => {
  expect(resourcePath(resource, options)).toBe(path)
})

test.each(['', '.', '..', 'a/b', '../secrets/x', 'a?b', 'a b', 'a%2fb', 'a#b'])(
  'a name that could lead elsewhere is refused: "%s"',
  (name) => {
    expect(() => resourcePath(pods, { namespace: 'shop', name })).toThrow('is no name of an object')
    expect(() => resourcePath(pods, { namespace: name, name: 'web' })).toThrow('is no name of an object')
  },
)

test('a name without its namespace is refused', () => {
  expect(() => resourcePath(pods, { name: 'web-0' })).toThrow('Pod web-0: a namespace is missing')
})

test('a resource is labelled as kubectl writes it', () => {
  expect([resourceLabel(pods), resourceLabel(sets)]).toEqual(['pods', 'statefulsets.apps'])
})
