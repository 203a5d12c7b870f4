import { expect, test } from 'vitest'
import { KeyedLock } from './keyed-lock.ts'

test('one key is held by one at a time, in the order of arrival; another key is free', async () => {
  const lock = new KeyedLock()
  const log: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = lock.run('a', async () => {
    log.push('first in')
    await gate.promise
    log.push('first out')
  })
  const second = lock.run('a', () => Promise.resolve(log.push('second')))
  await lock.run('b', () => Promise.resolve(log.push('other key')))
  gate.resolve()
  await Promise.all([first, second])
  expect(log).toEqual(['first in', 'other key', 'first out', 'second'])
})

test('one that fails lets the next one in', async () => {
  const lock = new KeyedLock()
  await expect(lock.run('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  await expect(lock.run('a', () => Promise.resolve(1))).resolves.toBe(1)
})
