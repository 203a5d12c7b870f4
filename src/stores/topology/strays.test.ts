import { expect, test } from 'vitest'
import { systemClock } from '../../kubernetes/clock.ts'
import { Strays } from './strays.ts'

test('whoever was led to a primary of before is sent away twice, each time once', () => {
  let nowMs = 0
  const strays = new Strays({ ...systemClock, monotonicMs: () => nowMs })
  expect(strays.take('a')).toBe(false)
  strays.expect('a')
  expect(strays.nextMs(['a', 'b'])).toBe(1_500)
  expect(strays.take('a')).toBe(false)
  nowMs = 1_500
  expect(strays.take('a')).toBe(true)
  expect(strays.take('a')).toBe(false)
  expect(strays.nextMs(['a'])).toBe(3_500)
  nowMs = 9_000
  expect(strays.take('a')).toBe(true)
  expect(strays.nextMs(['a'])).toBeUndefined()
})
