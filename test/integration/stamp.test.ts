import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RedisConnection } from '../../src/redis/connection.ts'
import { readStamp, writeStamp } from '../../src/redis/stamp.ts'
import { redisAsOperator } from './redis-as-operator.ts'

let server: Awaited<ReturnType<typeof redisAsOperator>>
let redis: Redis
let connection: RedisConnection

beforeAll(async () => {
  server = await redisAsOperator()
  ;({ redis, connection } = server)
})
afterAll(async () => server.close())
beforeEach(async () => {
  await redis.call('FUNCTION', 'FLUSH')
  await redis.flushall()
})

test('data without a number has none', async () => {
  expect(await readStamp(connection)).toBe(0)
})

test('the last number counts, and stays when everything else goes or is put aside', async () => {
  await redis.set('shop:session:1', 'v')
  await writeStamp(connection, 7)
  await writeStamp(connection, 12)
  expect(await readStamp(connection)).toBe(12)
  await redis.call('FLUSHDB', 'ASYNC')
  await redis.call('SWAPDB', 0, 1)
  expect(await readStamp(connection)).toBe(12)
  expect(await redis.dbsize()).toBe(0)
})

test('a function of somebody else is no number', async () => {
  await redis.call('FUNCTION', 'LOAD', "#!lua name=other\nredis.register_function('revocation_99', function() end)")
  expect(await readStamp(connection)).toBe(0)
})

test('a server that is full takes it all the same, and keeps its limit', async () => {
  await redis.config('SET', 'maxmemory-policy', 'noeviction')
  const used = Number(/used_memory:([0-9]+)/.exec(await redis.info('memory'))?.[1])
  await redis.config('SET', 'maxmemory', String(used + 100_000))
  for (let at = 0; ; at += 1) {
    const refused = await redis.set(`shop:session:${at}`, 'v'.repeat(2_000)).catch((error: Error) => error.message)
    if (refused?.startsWith('OOM')) break
  }
  await writeStamp(connection, 3)
  expect(await readStamp(connection)).toBe(3)
  expect(await redis.config('GET', 'maxmemory')).toEqual(['maxmemory', String(used + 100_000)])
  await redis.config('SET', 'maxmemory', '0')
})
