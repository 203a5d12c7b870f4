import { expect, test } from 'vitest'
import { FakeClock } from '../../../test/unit/fake-clock.ts'
import { ServiceRest } from './service-rest.ts'

test('nobody waits while nothing has changed for a second', async () => {
  const clock = new FakeClock()
  const rest = new ServiceRest(clock)
  expect(rest.remainingMs('a')).toBe(0)
  rest.changed()
  expect(rest.remainingMs('a')).toBe(1_050)
  await clock.advance(1_050)
  expect(rest.remainingMs('a')).toBe(0)
})

test('a change soon after another is taken over a second after it, and those that come meanwhile with it', async () => {
  const clock = new FakeClock()
  const rest = new ServiceRest(clock)
  rest.changed()
  await clock.advance(300)
  rest.changed()
  await clock.advance(300)
  rest.changed()
  expect(rest.remainingMs('a')).toBe(1_500)
  await clock.advance(1_500)
  expect(rest.remainingMs('a')).toBe(0)
})

test('however much changes, nobody waits longer than a pod that is deleted can', async () => {
  const clock = new FakeClock()
  const rest = new ServiceRest(clock)
  for (let passes = 0; passes < 8; passes += 1) {
    rest.changed()
    expect(rest.remainingMs('a')).toBeGreaterThan(0)
    await clock.advance(300)
  }
  rest.changed()
  await clock.advance(100)
  expect(rest.remainingMs('a')).toBe(0)
  expect(rest.remainingMs('b')).toBeGreaterThan(0)
})
