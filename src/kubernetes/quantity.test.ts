import { expect, test } from 'vitest'
import { parseQuantity, sameQuantity } from './quantity.ts'

test.each([
  ['1Gi', '1024Mi'],
  ['1', '1000m'],
  ['0.5', '500m'],
  ['1.5Gi', '1536Mi'],
  ['1e3', '1k'],
  ['100E-3', '100m'],
  ['+2', '2'],
  ['2.', '2'],
  ['.5', '500m'],
  ['0', '0Gi'],
])('%s is the same amount as %s', (left, right) => {
  expect(sameQuantity(left, right)).toBe(true)
})

test.each([
  ['1G', '1Gi'],
  ['1m', '1M'],
  ['1E', '1e1'],
  ['-1', '1'],
  ['red', 'red'],
])('%s is not the same amount as %s', (left, right) => {
  expect(sameQuantity(left, right)).toBe(false)
})

test('a number of JSON is a quantity too', () => {
  expect(sameQuantity(1, '1000m')).toBe(true)
})

test('what is finer than a billionth rounds up', () => {
  expect(parseQuantity('0.0000000001')).toBe(1n)
})
