import type { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { accountOf, countAside, forgetAside, rememberAside, setAside, type Aside } from '../../src/redis/aside.ts'
import { liveSettings } from '../../src/redis/config.ts'
import type { RedisConnection } from '../../src/redis/connection.ts'
import { visitRemembered } from '../../src/redis/remembered-keys.ts'
import { ReturnedWatch } from '../../src/redis/watch-returned.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { redisAsOperator, type RedisAsOperator } from './redis-as-operator.ts'

const aside: Aside = { keyPrefix: 'shop', shared: ['index:*'], guard: '{guard}f1', marker: '{guard}f1/aside' }

let server: RedisAsOperator
let redis: Redis
let connection: RedisConnection
let opened: RedisConnection[] = []

beforeAll(async () => {
  server = await redisAsOperator()
  ;({ redis, connection } = server)
  const config = {
    maxmemoryBytes: 0,
    evictionPolicy: 'noeviction',
    persistence: { mode: 'None' },
    replicated: false,
    tls: undefined,
  } as const
  for (const [name, value] of Object.entries(liveSettings({ ...config, keyspaceEvents: '' })))
    await redis.config('SET', name, value)
})
afterAll(async () => server.close())
beforeEach(async () => {
  await redis.flushall()
  await redis.config('SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction')
})
afterEach(() => {
  for (const each of opened) each.close()
  opened = []
})

const open = async (): Promise<RedisConnection> => {
  const connection = await server.connect()
  opened.push(connection)
  return connection
}

const watch = async (): Promise<ReturnedWatch> =>
  await ReturnedWatch.open({ listener: await open(), worker: await open() }, aside)

const logIn = async (from: number, to: number, seconds = 600) => {
  const pipeline = redis.pipeline()
  for (let at = from; at < to; at += 1) pipeline.set(`shop:${at}`, 'x'.repeat(200), 'EX', seconds)
  await pipeline.exec()
}

const untilGone = async (key: string) => {
  await waitUntil(`${key} to be gone`, async () => (await redis.exists(key)) === 0, { timeoutMs: 2_000, intervalMs: 2 })
}

const unheard = async () => (await accountOf(connection, aside))?.left

const names = async () => (await visitRemembered(connection, aside.guard, 'count')).names

test('everything is out of reach at once, and doing it again leaves who has logged in since alone', async () => {
  await logIn(0, 1000)
  expect(await setAside(connection, aside)).toEqual({ outcome: 'done', keys: 1000 })
  expect(await redis.exists('shop:1')).toBe(0)
  await logIn(1000, 1001)
  expect(await setAside(connection, aside)).toEqual({ outcome: 'done', keys: 1000 })
  expect(await redis.exists('shop:1000')).toBe(1)
  expect(await countAside(connection)).toBe(1000)
  await rememberAside(connection, aside)
  expect([await countAside(connection), await names(), await unheard()]).toEqual([0, 1000, 0])
  expect(await redis.exists('shop:1000')).toBe(1)
  await forgetAside(connection, aside.marker)
  expect(await redis.exists(aside.marker)).toBe(0)
})

test('what another flush has put aside is left alone, and a marker that is gone is noticed', async () => {
  await logIn(0, 10)
  await setAside(connection, aside)
  await forgetAside(connection, '{guard}other/aside')
  expect(await countAside(connection)).toBe(10)
  await redis.unlink(aside.marker)
  await rememberAside(connection, aside)
  expect([await accountOf(connection, aside), await countAside(connection)]).toEqual([undefined, 10])
})

test('more than it may take: nothing is done', async () => {
  await logIn(0, 11)
  expect(await setAside(connection, aside, { most: 10 })).toEqual({ outcome: 'tooMany', keys: 11 })
  expect(await redis.exists('shop:1', aside.marker)).toBe(1)
  expect(await setAside(connection, aside, { most: 11 })).toEqual({ outcome: 'done', keys: 11 })
})

describe('what comes back', () => {
  test('goes again: while its session is aside, and when only its name is left', async () => {
    await logIn(0, 1000)
    const watching = await watch()
    await setAside(connection, aside)
    await logIn(1, 2)
    await untilGone('shop:1')
    await rememberAside(connection, aside)
    await logIn(2, 3)
    await untilGone('shop:2')
    await logIn(1000, 1001)
    await redis.set('shopping:1', '1')
    await watching.settle()
    expect(watching.removed).toBe(2)
    expect(await redis.exists('shop:1000', 'shopping:1')).toBe(2)
  })

  test('before anybody listened, goes when somebody does', async () => {
    await logIn(0, 10)
    await setAside(connection, aside)
    await rememberAside(connection, aside)
    await logIn(5, 15)
    const watching = await watch()
    expect(watching.removed).toBe(5)
    expect(await redis.exists('shop:5', 'shop:10', 'shop:14')).toBe(2)
  })

  test('is not believed to be all when the connection that listens was cut', async () => {
    await logIn(0, 10)
    const watching = await watch()
    await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await waitUntil(
      'it to be noticed',
      async () =>
        await watching.settle().then(
          () => false,
          () => true,
        ),
      { timeoutMs: 2_000 },
    )
    await expect(watching.settle()).rejects.toThrow('the connection that listens was closed')
  })

  test('an index that sessions share stays when it is made anew, and is not remembered', async () => {
    await redis.sadd('shop:index:ann', '1')
    await logIn(0, 1)
    const watching = await watch()
    await setAside(connection, aside)
    await redis.sadd('shop:index:ann', '2')
    await rememberAside(connection, aside)
    await redis.sadd('shop:index:bob', '3')
    await watching.settle()
    expect(await redis.smembers('shop:index:ann')).toEqual(['2'])
    expect([await names(), await unheard()]).toEqual([1, 0])
  })
})

describe('what ends by itself while it is aside', () => {
  const ends = [
    [
      'expires',
      async () => {
        await waitUntil('it to expire', async () => (await countAside(connection)) === 1, { timeoutMs: 5_000 })
      },
    ],
    [
      'is evicted',
      async () => {
        const used = /used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]
        await redis.config('SET', 'maxmemory-policy', 'volatile-ttl', 'maxmemory', String(Number(used) - 1000))
        await waitUntil(
          'it to be evicted',
          async () => {
            await redis.set('other:1', 'x')
            return (await countAside(connection)) === 1
          },
          { timeoutMs: 5_000, intervalMs: 5 },
        )
        await redis.config('SET', 'maxmemory', '0')
      },
    ],
  ] as const

  test.each(ends)('%s: stays revoked when somebody listens, and is missed when not', async (_, ended) => {
    for (const heard of [false, true]) {
      await redis.flushall()
      // One that stays, and one of a size that is worth evicting.
      await redis.set('shop:stays', 'x', 'EX', 600)
      await redis.set('shop:goes', 'x'.repeat(100_000), 'PX', 1_500)
      const watching = heard ? await watch() : undefined
      await setAside(connection, aside)
      await ended()
      await watching?.settle()
      await rememberAside(connection, aside)
      expect([await names(), await unheard()]).toEqual(heard ? [2, 0] : [1, 1])
      if (!heard) continue
      await redis.set('shop:goes', 'back', 'EX', 600)
      await untilGone('shop:goes')
    }
  })
})

test('a store that is full takes logins again', async () => {
  await logIn(0, 20_000)
  const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
  await redis.config('SET', 'maxmemory', String(used - 1000))
  const login = async () => await redis.set('shop:new', 'x'.repeat(200), 'EX', 600)
  await expect(login()).rejects.toThrow('OOM')
  await setAside(connection, aside)
  await rememberAside(connection, aside)
  expect(await login()).toBe('OK')
  expect(await names()).toBe(20_000)
})
