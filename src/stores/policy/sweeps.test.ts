import { expect, test } from 'vitest'
import { FakeClock } from '../../../test/unit/fake-clock.ts'
import { Sweeps } from './sweeps.ts'

test('a sweep that took a second is followed by ten of rest, unless the spec changes', async () => {
  const clock = new FakeClock()
  const sweeps = new Sweeps(clock)
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

test('one that breaks off rests as well, and what it did is told once, later', async () => {
  const clock = new FakeClock()
  const sweeps = new Sweeps(clock)
  const broken = sweeps.time('a', 1, async () => {
    sweeps.add('a', { corrected: 2, ended: 1 })
    sweeps.add('a', { corrected: 3, ended: 0 })
    await clock.advance(1000)
    throw new Error('broken off')
  })
  await expect(broken).rejects.toThrow('broken off')
  expect(sweeps.isDue('a', 1)).toBe(false)
  const done = sweeps.unsaid('a')
  expect(done).toEqual({ corrected: 5, ended: 1 })
  sweeps.add('a', { corrected: 1, ended: 0 })
  sweeps.said('a', done)
  expect(sweeps.unsaid('a')).toEqual({ corrected: 1, ended: 0 })
})
