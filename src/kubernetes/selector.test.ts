import { expect, test } from 'vitest'
import { parseFieldSelector, parseLabelSelector } from './selector.ts'

const labelled = (labels: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-0', namespace: 'shop', labels },
})

test.each([
  ['app=web', true],
  ['app==web,tier', true],
  ['app!=web', false],
  ['app!=api,!missing', true],
  ['tier in (cache, store)', true],
  ['tier notin (cache,store),app=web', false],
  ['missing', false],
  ['missing notin (a)', true],
  ['missing in (a)', false],
])('label selector %s', (selector, expected) => {
  expect(parseLabelSelector(selector)(labelled({ app: 'web', tier: 'cache' }))).toBe(expected)
})

test('a label selector that is not understood is refused', () => {
  expect(() => parseLabelSelector('a b')).toThrow('"a b" is not understood')
})

test('field selectors know name and namespace, and refuse the rest', () => {
  expect(parseFieldSelector('metadata.name=web-0,metadata.namespace=shop')(labelled({}))).toBe(true)
  expect(parseFieldSelector('metadata.name=web-1')(labelled({}))).toBe(false)
  expect(() => parseFieldSelector('spec.nodeName=a')).toThrow('"spec.nodeName=a"')
})
