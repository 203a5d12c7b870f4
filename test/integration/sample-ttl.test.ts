import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RedisConnection } from '../../src/redis/connection.ts'
import { sampleTtl, ttlBounds } from '../../src/redis/sample-ttl.ts'
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
  await redis.flushall()
})

const write = async (prefix: string, count: number, ttlSeconds?: number) => {
  const pipeline = redis.pipeline()
  for (let at = 0; at < count; at += 1) {
    const key = `${prefix}:${ttlSeconds ?? 'endless'}-${at}`
    if (ttlSeconds === undefined) pipeline.set(key, 'v')
    else pipeline.set(key, 'v', 'EX', ttlSeconds)
  }
  await pipeline.exec()
}

test('an empty server has nothing to look at', async () => {
  expect(await sampleTtl(connection, 'shop:session')).toEqual({ looked: 0, endless: 0, within: ttlBounds.map(() => 0) })
})

test('shares are those of all keys, as far as chance goes; keys of others do not count', async () => {
  await write('shop:session', 4_000, 1_000)
  await write('shop:session', 4_000, 80_000)
  await write('shop:session', 2_000)
  await write('other', 10_000, 30)
  const { looked, endless, within } = await sampleTtl(connection, 'shop:session')
  // Half of all keys are the store's. Five standard deviations: once in some two million runs it is not so.
  expect(Math.abs(looked - 250)).toBeLessThan(5 * Math.sqrt(500 * 0.25))
  const share = (count: number) => count / looked
  const off = (part: number) => 5 * Math.sqrt((part * (1 - part)) / looked)
  const at = (bound: (typeof ttlBounds)[number]) => share(within[ttlBounds.indexOf(bound)] ?? 0)
  expect(at(900)).toBe(0)
  expect(Math.abs(at(1_800) - 0.4)).toBeLessThan(off(0.4))
  expect(at(43_200)).toBe(at(1_800))
  expect(Math.abs(at(86_400) - 0.8)).toBeLessThan(off(0.8))
  expect(Math.abs(share(endless) - 0.2)).toBeLessThan(off(0.2))
  expect(at(2_592_000) + share(endless)).toBeCloseTo(1)
})
