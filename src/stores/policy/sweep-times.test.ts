import { expect, test } from 'vitest'
import { FakeClock } from '../../../test/unit/fake-clock.ts'
import { SweepTimes } from './sweep-times.ts'

test('a sweep that took a second is followed by ten of rest, unless the spec changes', async () => {
  const clock = new FakeClock()
  const sweeps = new SweepTimes(clock)
  expect(sweeps.isDue('a', 1)).toBe(true)
  await sweeps.time('a', 1, async () => {
    await clock.advance(1000)
  })
  expect(sweeps.isDue('a', 1)).toBe(false)
  expect(sweeps.isDue('a', 2)).toBe(true)
  expect(sweeps.isDue('b', 1)).toBe(true)
  await clock.advance(10_000)
  expect(sweeps.isDue('a', 1)).toBe(true)
})
