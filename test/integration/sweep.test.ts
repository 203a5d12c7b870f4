import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/kubernetes/clock.ts'
import type { RedisConnection } from '../../src/redis/connection.ts'
import { sweepTtl, type TtlLimits } from '../../src/redis/sweep.ts'
import { redisAsOperator, type RedisAsOperator } from './redis-as-operator.ts'

const hour = 3_600_000
const limits: TtlLimits = {
  defaultMs: hour,
  maxMs: undefined,
  absoluteMs: undefined,
  birth: { keys: 'sessions:*', field: 'creationTime' },
  exempt: ['index:*', '*_LOCK'],
}

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

const sweep = async (changes: Partial<TtlLimits>, act: boolean) =>
  await sweepTtl(connection, 'shop:session', { ...limits, ...changes }, act, systemClock)

/** As Java's ObjectOutputStream writes a Long: its class, then its value in eight bytes. */
const javaLong = (ms: number): Buffer => {
  const value = Buffer.alloc(8)
  value.writeBigInt64BE(BigInt(ms))
  const number =
    'aced00057372000e6a6176612e6c616e672e4c6f6e673b8be490cc8f23df0200014a000576616c7565787200106a6176612e6c616e672e4e756d62657286ac951d0b94e08b0200007870'
  return Buffer.concat([Buffer.from(number, 'hex'), value])
}

const spring = async (id: string, began: number | Buffer) => {
  await redis.hset(`shop:session:sessions:${id}`, 'creationTime', typeof began === 'number' ? javaLong(began) : began)
  await redis.pexpire(`shop:session:sessions:${id}`, hour)
}

test('keys without an end are counted, and given one when asked; those that rightly have none, and those of others, stay', async () => {
  await redis.mset(
    'shop:session:a',
    '1',
    'shop:session:b',
    '1',
    'shop:session:index:eve',
    '1',
    'shop:session:x_LOCK',
    '1',
  )
  await redis.mset('shop:sessions:other', '1', 'other', '1')
  await redis.set('shop:session:c', '1', 'PX', hour)
  expect(await sweep({}, false)).toEqual({ examined: 5, immortal: 2, overMax: 0, tooOld: 0, corrected: 0, ended: 0 })
  expect(await redis.pttl('shop:session:a')).toBe(-1)
  expect(await sweep({}, true)).toMatchObject({ immortal: 2, corrected: 2 })
  expect(await sweep({}, true)).toMatchObject({ immortal: 0, corrected: 0 })
  const [a, index, lock, other] = await Promise.all(
    ['a', 'index:eve', 'x_LOCK']
      .map((key) => `shop:session:${key}`)
      .concat('other')
      .map((key) => redis.pttl(key)),
  )
  expect(a).toBeGreaterThan(hour - 60_000)
  expect([index, lock, other]).toEqual([-1, -1, -1])
})

test('times over the maximum are shortened to it, and no other', async () => {
  await redis.set('shop:session:long', '1', 'PX', 5 * hour)
  await redis.set('shop:session:short', '1', 'PX', hour / 2)
  expect(await sweep({ maxMs: hour }, false)).toMatchObject({ overMax: 1, corrected: 0 })
  expect(await sweep({ maxMs: hour }, true)).toMatchObject({ overMax: 1, corrected: 1 })
  expect(await redis.pttl('shop:session:long')).toBeLessThanOrEqual(hour)
  expect(await redis.pttl('shop:session:short')).toBeLessThanOrEqual(hour / 2)
})

test('a session that began too long ago is ended, whatever its time to live; one that does not say when is left alone', async () => {
  const now = Date.now()
  await spring('old', now - 2 * hour)
  await spring('young', now - hour / 2)
  await spring('digits', Buffer.from(String(now - 3 * hour)))
  await spring('garbled', Buffer.from([0xac, 0xed, 1]))
  await redis.set('shop:session:sessions:expires:old', '', 'PX', hour)
  // What a request in flight leaves of a deleted session.
  await redis.hset('shop:session:sessions:rest', 'lastAccessedTime', javaLong(now))
  await redis.set('shop:session:text', 'creationTime', 'PX', hour)
  expect(await sweep({ absoluteMs: hour }, false)).toMatchObject({ examined: 7, tooOld: 3, ended: 0 })
  expect(await sweep({ absoluteMs: hour }, true)).toMatchObject({ tooOld: 3, ended: 3, corrected: 0 })
  expect((await redis.keys('shop:session:sessions:*')).toSorted()).toEqual(
    ['expires:old', 'garbled', 'young'].map((id) => `shop:session:sessions:${id}`),
  )
})

test('what is special in a prefix or a pattern means nothing but itself', async () => {
  await redis.mset('shop.a:1', '1', 'shopxa:1', '1')
  const found = await sweepTtl(connection, 'shop.a', { ...limits, exempt: ['[1]', '%a', '.'] }, false, systemClock)
  expect(found).toMatchObject({ examined: 1, immortal: 1 })
})
