import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { ReadSessionStore } from '../../src/api/resources.ts'
import { countAside, setAside } from '../../src/redis/aside.ts'
import type { RedisConnection } from '../../src/redis/connection.ts'
import { guardOf, markerOf } from '../../src/redis/guard-names.ts'
import { parseInfo } from '../../src/redis/info.ts'
import type { Observed } from '../../src/stores/observe.ts'
import type { StoreRuntime } from '../../src/stores/runtime.ts'
import { settleAside } from '../../src/stores/settle-aside.ts'
import { redisAsOperator, type RedisAsOperator } from './redis-as-operator.ts'

let server: RedisAsOperator
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

const uid = '0c1f'
const aside = { keyPrefix: 'shop', shared: [], guard: guardOf(uid), marker: markerOf(uid) }
const store = { metadata: { name: 'web', namespace: 'shop' } } as unknown as ReadSessionStore

/** One look of the store, while the flushes of these UIDs are under way. */
const settle = async (underWay: readonly string[]): Promise<number> => {
  const record = vi.fn<() => void>()
  const runtime = {
    events: { record },
    isFlushUnderWay: (_namespace: string, flushUid: string) => Promise.resolve(underWay.includes(flushUid)),
  } as unknown as StoreRuntime
  const info = parseInfo(await connection.call(['INFO']))
  const observed = { node: { connection, info } } as unknown as Observed
  await settleAside(runtime, store, observed, AbortSignal.timeout(5_000))
  return record.mock.calls.length
}

test('what a flush has put aside is left to it, and deleted when it is gone', async () => {
  await redis.mset({ 'shop:1': 'a', 'shop:2': 'b' })
  await setAside(connection, aside)
  await redis.sadd(aside.guard, 'shop:1')
  await redis.set('shop:3', 'a login')
  expect(await settle([uid])).toBe(0)
  expect(await countAside(connection)).toBe(2)
  expect(await settle([])).toBe(1)
  expect(await countAside(connection)).toBe(0)
  expect(await redis.keys('*')).toEqual(['shop:3'])
  expect(await settle([])).toBe(0)
})

test('what is there without a marker goes as well', async () => {
  await redis.select(1)
  await redis.set('shop:1', 'a')
  await redis.select(0)
  expect(await settle([uid])).toBe(1)
  expect(await countAside(connection)).toBe(0)
})
