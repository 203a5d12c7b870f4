import { describe, expect, test } from 'vitest'
import { canonicalJson, holds, withoutNulls } from './declared.ts'

const template = (containers: readonly object[]) => ({ spec: { template: { spec: { containers } } } })

describe('an observed object holds what is declared', () => {
  test.each([
    [
      'what the server defaulted besides',
      { spec: { replicas: 1 } },
      { spec: { replicas: 1, serviceName: 'x' }, status: {} },
    ],
    [
      'containers and ports by their keys, in any order, with another container between',
      template([{ name: 'redis', ports: [{ containerPort: 6379 }] }]),
      template([{ name: 'sidecar' }, { name: 'redis', image: 'x', ports: [{ containerPort: 6379, protocol: 'TCP' }] }]),
    ],
    [
      'quantities of the same amount',
      template([{ name: 'redis', resources: { limits: { memory: '1024Mi', cpu: '1000m' } } }]),
      template([{ name: 'redis', resources: { limits: { memory: '1Gi', cpu: '1' } } }]),
    ],
    ['an empty list that the server dropped', { spec: { ingress: [] } }, { spec: {} }],
    ['empty annotations that the server dropped', { metadata: { annotations: {} } }, { metadata: {} }],
    ['nothing where null is declared', { spec: { a: null, b: undefined } }, { spec: {} }],
    [
      'a zero value that the server left out',
      { volumeMounts: [{ mountPath: '/a', readOnly: false, subPath: '' }], minReadySeconds: 0 },
      { volumeMounts: [{ mountPath: '/a' }] },
    ],
    ['a finalizer among others', { metadata: { finalizers: ['b'] } }, { metadata: { finalizers: ['a', 'b'] } }],
    [
      'elements of an atomic list with defaults',
      { spec: { ingress: [{ ports: [{ port: 6379 }] }] } },
      { spec: { ingress: [{ ports: [{ port: 6379, protocol: 'TCP' }] }] } },
    ],
  ])('%s', (_what, declared, observed) => {
    expect(holds(declared, observed, { omitsZero: true })).toBe(true)
  })

  test.each([
    ['a changed value', { spec: { replicas: 2 } }, { spec: { replicas: 1 } }],
    ['a value that is gone', { data: { a: '1' } }, { data: {} }],
    ['an empty value that is gone', { data: { a: '' } }, { data: {} }],
    ['a container less', template([{ name: 'redis' }, { name: 'exporter' }]), template([{ name: 'redis' }])],
    [
      'an element too many in an atomic list',
      { spec: { tolerations: [{ key: 'a' }] } },
      { spec: { tolerations: [{ key: 'a' }, { key: 'b' }] } },
    ],
    ['another order in an atomic list', { spec: { args: ['a', 'b'] } }, { spec: { args: ['b', 'a'] } }],
    [
      'an emptyDir that became something else',
      { volumes: [{ name: 'data', emptyDir: {} }] },
      { volumes: [{ name: 'data', secret: {} }] },
    ],
    [
      'a label that looks like a quantity',
      { metadata: { labels: { size: '1Gi' } } },
      { metadata: { labels: { size: '1024Mi' } } },
    ],
    [
      'a port of another protocol',
      { ports: [{ containerPort: 53, protocol: 'UDP' }] },
      { ports: [{ containerPort: 53, protocol: 'TCP' }] },
    ],
    ['text where a number is declared', { spec: { replicas: 1 } }, { spec: { replicas: '1' } }],
    ['no object at all', { spec: {} }, undefined],
  ])('but not: %s', (_what, declared, observed) => {
    expect(holds(declared, observed, { omitsZero: true })).toBe(false)
  })
})

test('a custom kind keeps its zero values, so that one that is gone is missed', () => {
  expect(holds({ value: false }, {})).toBe(false)
  expect(holds({ count: 0 }, {})).toBe(false)
})

test('canonical JSON does not depend on the order of keys, nor on nulls', () => {
  expect(canonicalJson({ b: 1, a: { d: null, c: [{ y: 1, x: 2 }] } })).toBe('{"a":{"c":[{"x":2,"y":1}]},"b":1}')
  expect(withoutNulls({ a: null, b: [null, { c: null }] })).toEqual({ b: [null, {}] })
})
