import { expect, test } from 'vitest'
import { isDeclared } from './declared.ts'

type Clients = Parameters<typeof isDeclared>[0]
type From = Clients[number]['from']

const clients = (...from: From): Clients => [{ name: 'web', from, rotation: {} }]
const pod = (app: string, namespace = 'shop') => ({ namespace, labels: { app } })
const web = { matchLabels: { app: 'web' } }
const named = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })

test("a pod selector alone means the store's own namespace", () => {
  expect(isDeclared(clients({ podSelector: web }), 'shop', pod('web'))).toBe('declared')
  expect(isDeclared(clients({ podSelector: web }), 'shop', pod('other'))).toBe('undeclared')
  expect(isDeclared(clients({ podSelector: web }), 'shop', pod('web', 'blog'))).toBe('undeclared')
  expect(isDeclared(clients({ podSelector: {} }), 'shop', pod('any'))).toBe('declared')
})

test('with a namespace selector both must match; alone it means every pod there', () => {
  const both = clients({ podSelector: web, namespaceSelector: named('blog') })
  expect(isDeclared(both, 'shop', pod('web', 'blog'))).toBe('declared')
  expect(isDeclared(both, 'shop', pod('web', 'shop'))).toBe('undeclared')
  expect(isDeclared(both, 'shop', pod('other', 'blog'))).toBe('undeclared')
  expect(isDeclared(clients({ namespaceSelector: named('blog') }), 'shop', pod('any', 'blog'))).toBe('declared')
  expect(isDeclared(clients({ namespaceSelector: {} }), 'shop', pod('any', 'blog'))).toBe('declared')
})

test('other labels of a namespace cannot be known, but another entry may admit the pod', () => {
  const team = { namespaceSelector: { matchLabels: { team: 'a' } } }
  expect(isDeclared(clients(team), 'shop', pod('web', 'blog'))).toBe('unknown')
  expect(isDeclared(clients({ ...team, podSelector: web }), 'shop', pod('other', 'blog'))).toBe('undeclared')
  expect(isDeclared(clients(team, { podSelector: web }), 'shop', pod('web'))).toBe('declared')
  const not = { namespaceSelector: { matchLabels: { team: 'a', ...named('blog').matchLabels } } }
  expect(isDeclared(clients(not), 'shop', pod('web', 'shop'))).toBe('undeclared')
})

test('expressions follow the rules of Kubernetes', () => {
  const expression = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', values?: string[]) =>
    clients({ podSelector: { matchExpressions: [{ key: 'app', operator, ...(values ? { values } : {}) }] } })
  const bare = { namespace: 'shop', labels: {} }
  expect(isDeclared(expression('In', ['web', 'api']), 'shop', pod('api'))).toBe('declared')
  expect(isDeclared(expression('In', ['web']), 'shop', bare)).toBe('undeclared')
  expect(isDeclared(expression('NotIn', ['web']), 'shop', bare)).toBe('declared')
  expect(isDeclared(expression('NotIn', ['web']), 'shop', pod('web'))).toBe('undeclared')
  expect(isDeclared(expression('Exists'), 'shop', bare)).toBe('undeclared')
  expect(isDeclared(expression('DoesNotExist'), 'shop', bare)).toBe('declared')
})
