import { expect, test } from 'vitest'
import { systemClock } from '../kubernetes/clock.ts'
import { RedisError } from '../redis/errors.ts'
import type { NodeState } from './observe.ts'
import { Patience } from './patience.ts'

const silent: NodeState = { is: 'silent', error: new RedisError('unreachable', 'CONNECT', 'no reply') }
const gone: NodeState = { is: 'gone', proof: 'its container ended' }
const { signal } = new AbortController()
const never = () => new Promise<NodeState>(() => undefined)

const withSilent = async () => {
  const patience = new Patience(systemClock)
  await patience.state('a', async () => silent, signal)
  return patience
}

test('a node is waited for until it was silent once', async () => {
  const patience = new Patience(systemClock)
  const { promise, resolve } = Promise.withResolvers<NodeState>()
  const asked = patience.state('a', () => promise, signal)
  await systemClock.sleep(120)
  resolve(gone)
  expect(await asked).toBe(gone)
})

test('one that was silent holds nobody up, and is asked once at a time', async () => {
  const patience = await withSilent()
  let asked = 0
  const ask = () => {
    asked += 1
    return never()
  }
  const startedMs = systemClock.monotonicMs()
  for (let pass = 0; pass < 3; pass += 1) expect(await patience.state('a', ask, signal)).toBe(silent)
  expect(systemClock.monotonicMs() - startedMs).toBeLessThan(500)
  expect(asked).toBe(1)
})

test('an answer that comes late is what the next one is told', async () => {
  const patience = await withSilent()
  const { promise, resolve } = Promise.withResolvers<NodeState>()
  expect(await patience.state('a', () => promise, signal)).toBe(silent)
  resolve(gone)
  expect(await patience.state('a', async () => gone, signal)).toBe(gone)
})

test('one that answers at once is believed at once, and waited for again from then on', async () => {
  const patience = await withSilent()
  expect(await patience.state('a', async () => gone, signal)).toBe(gone)
  const { promise, resolve } = Promise.withResolvers<NodeState>()
  const asked = patience.state('a', () => promise, signal)
  await systemClock.sleep(120)
  resolve(gone)
  expect(await asked).toBe(gone)
})

test('a question that fails is not the answer to the next', async () => {
  const patience = await withSilent()
  const { promise, reject } = Promise.withResolvers<NodeState>()
  expect(await patience.state('a', () => promise, signal)).toBe(silent)
  reject(new Error('lost'))
  await systemClock.sleep(0)
  expect(await patience.state('a', async () => gone, signal)).toBe(gone)
})
