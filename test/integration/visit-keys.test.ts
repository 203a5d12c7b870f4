import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RedisConnection } from '../../src/redis/connection.ts'
import { readPayloads } from '../../src/redis/read-payloads.ts'
import { forgetRemembered, visitRemembered } from '../../src/redis/remembered-keys.ts'
import { everyKey, visitKeys, type Visit } from '../../src/redis/visit-keys.ts'
import { redisAsOperator, type RedisAsOperator } from './redis-as-operator.ts'

const guard = '{guard}f1'

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
  await redis.config('SET', 'maxmemory', '0')
})

const write = async (values: Readonly<Record<string, string>>) => {
  await redis.mset(values)
}

const byOwner = (path: readonly string[], owners: readonly string[]) => ({
  by: 'jsonOwner' as const,
  keyPrefix: 'shop',
  path,
  owners,
  maxBytes: 65_536,
  takeUndecodable: false,
})

test('every key under the prefix goes, and none beside it', async () => {
  await write({ 'shop:1': 'a', 'shop:2': 'b', 'shopping:1': 'c', 'sh*p:1': 'd' })
  expect(await visitKeys(connection, everyKey('shop'), 'count')).toMatchObject({ examined: 2, matched: 2 })
  expect(await visitKeys(connection, everyKey('sh*p'), 'delete')).toMatchObject({ matched: 1 })
  expect(await visitKeys(connection, everyKey('shop'), 'delete')).toMatchObject({ matched: 2 })
  expect(await redis.keys('*')).toEqual(['shopping:1'])
})

describe('whose a session of JSON is', () => {
  const path = ['passport', 'user']

  test.each([
    ['the very text', '{"cookie":{},"passport":{"user":"ann"}}', true],
    ['another', '{"cookie":{},"passport":{"user":"anna"}}', false],
    ['the same name in another place', '{"user":"ann","passport":{"user":"bob"}}', false],
    ['in another place, and nobody here', '{"user":"ann"}', false],
    ['the owner as a text elsewhere', '{"passport":{"user":"bob"},"friend":"ann"}', false],
    ['the name as a text', '{"x":"user","y":["user"],"passport":{"user":"ann"}}', true],
    ['with space between', '{ "passport" : { "user" : "ann" } }', true],
    ['with an escape elsewhere', String.raw`{"a":"say \"user\":\"ann\"","passport":{"user":"bob"}}`, false],
    ['with an escape in the owner', String.raw`{"passport":{"user":"\u0061nn"}}`, true],
    ['with an escape in the name', String.raw`{"passport":{"us\u0065r":"ann"}}`, true],
    ['a number', '{"passport":{"user":42}}', true],
    ['a number that begins like it', '{"passport":{"user":421}}', false],
    ['a number as large as a double tells apart', '{"passport":{"user":9007199254740991}}', true],
    ['nobody', '{"passport":{"user":null}}', false],
    ['false, which is nobody', '{"passport":{"user":false}}', false],
    ['nothing where it would be', '{"passport":null}', false],
    ['not only ASCII', '{"passport":{"user":"zoë"}}', true],
    ['the last of two, as JSON.parse has it', '{"passport":{"user":"ann"},"passport":{"user":"bob"}}', false],
  ])('%s', async (_, value, matches) => {
    await write({ 'shop:1': value })
    const owners = ['ann', '42', 'zoë', '9007199254740991']
    expect(await visitKeys(connection, byOwner(path, owners), 'count')).toEqual({
      examined: 1,
      matched: matches ? 1 : 0,
      undecodable: 0,
    })
  })

  test.each([
    ['no JSON', 'shop'],
    ['cut off', '{"passport":{"user":"ann"'],
    ['a number that no double tells from its neighbour', '{"passport":{"user":9007199254740993}}'],
    ['a text', '"ann"'],
    ['a fraction', '{"passport":{"user":42.5}}'],
    ['a truth', '{"passport":{"user":true}}'],
    ['a map', '{"passport":{"user":{"id":"ann"}}}'],
    ['a list', '{"passport":{"user":["ann"]}}'],
    ['a text with the owner inside', '{"passport":"the \\"user\\" ann"}'],
    ['more bytes than are looked at', `{"passport":{"user":"ann"},"x":"${'x'.repeat(70_000)}"}`],
    ['nothing', ''],
  ])('%s cannot be read, and stays', async (_, value) => {
    await write({ 'shop:1': value })
    const owners = ['ann', '9007199254740993', '9007199254740992']
    expect(await visitKeys(connection, byOwner(path, owners), 'delete')).toMatchObject({ matched: 0, undecodable: 1 })
    expect(await redis.exists('shop:1')).toBe(1)
  })

  test('one that cannot be read goes when that is asked for', async () => {
    await write({ 'shop:1': 'no JSON', 'shop:2': '{"passport":{"user":"bob"}}' })
    const criterion = { ...byOwner(path, ['ann']), takeUndecodable: true }
    expect(await visitKeys(connection, criterion, 'delete')).toMatchObject({ matched: 1, undecodable: 1 })
    expect(await redis.keys('*')).toEqual(['shop:2'])
  })

  test.each([
    ['a slash', 'https://shop.test/user', '{"https://shop.test/user":"ann"}'],
    ['a slash, escaped as PHP does it', 'https://shop.test/user', String.raw`{"https:\/\/shop.test\/user":"ann"}`],
    ['letters that are not ASCII', 'benutzername für', '{"benutzername für":"ann"}'],
    ['a quotation mark', 'a"b', String.raw`{"a\"b":"ann"}`],
    ['a control character', 'a\u007fb', '{"a\u007fb":"ann"}'],
    ['what is a pattern in Lua', 'a.-%b*', '{"a.-%b*":"ann"}'],
  ])('under a name with %s', async (_, name, value) => {
    await write({ 'shop:1': value, 'shop:2': value.replace('"ann"', '"bob"') })
    expect(await visitKeys(connection, byOwner([name], ['ann']), 'count')).toMatchObject({ matched: 1, undecodable: 0 })
  })

  test('in a list, by its place', async () => {
    await write({ 'shop:1': '{"warden":[["7"],"salt"]}', 'shop:2': '{"warden":[["8"],"7"]}' })
    expect(await visitKeys(connection, byOwner(['warden', '0', '0'], ['7']), 'delete')).toMatchObject({ matched: 1 })
    expect(await redis.keys('*')).toEqual(['shop:2'])
  })

  test('exactly those of many people go, of several pages', async () => {
    const sessions = Array.from({ length: 3_000 }, (_, index) => [
      `shop:${index}`,
      `{"cookie":{"path":"/"},"passport":{"user":"user-${index % 300}"},"cart":["user-1","user-2"]}`,
    ])
    await write(Object.fromEntries(sessions) as Record<string, string>)
    await redis.sadd('shop:index', 'user-1')
    const owners = Array.from({ length: 100 }, (_, index) => `user-${index * 3}`)
    expect(await visitKeys(connection, byOwner(path, owners), 'delete')).toMatchObject({
      matched: 1_000,
      undecodable: 0,
    })
    const left = (await redis.keys('shop:*')).filter((key) => key !== 'shop:index')
    expect(left).toHaveLength(2_000)
    expect(left.every((key) => (Number(key.slice(5)) % 300) % 3 !== 0)).toBe(true)
    expect(await redis.exists('shop:index')).toBe(1)
  })
})

test('sessions that began before a time go, and what cannot say when stays', async () => {
  await redis.hset('shop:sessions:old', 'creationTime', '1000')
  await redis.hset('shop:sessions:new', 'creationTime', '5000')
  await redis.hset('shop:sessions:odd', 'creationTime', 'yesterday')
  await redis.hset('shop:sessions:rest', 'lastAccessedTime', '5000')
  await redis.sadd('shop:index:ann', 'old')
  const birth = { keys: 'sessions:*', field: 'creationTime' }
  const criterion = { by: 'time' as const, keyPrefix: 'shop', time: birth, beforeMs: 2_000, takeUndecodable: false }
  expect(await visitKeys(connection, criterion, 'delete')).toMatchObject({ matched: 2, undecodable: 1 })
  expect(new Set(await redis.keys('*'))).toEqual(new Set(['shop:index:ann', 'shop:sessions:new', 'shop:sessions:odd']))
})

test('keys that nobody has used for a while go; counting them, and their time to live, is no use', async () => {
  await write({ 'shop:idle': 'a', 'shop:used': 'b', 'shop:index:ann': 'c', 'other:idle': 'd' })
  const since = (beforeMs: number) => ({ by: 'idle' as const, keyPrefix: 'shop', beforeMs, except: ['index:*'] })
  expect(await visitKeys(connection, since(Date.now()), 'count')).toMatchObject({ examined: 3, matched: 0 })
  // Redis counts whole seconds.
  await delay(3_100)
  const criterion = since(Date.now())
  await redis.get('shop:used')
  await redis.pttl('shop:idle')
  expect(await visitKeys(connection, criterion, 'count')).toMatchObject({ matched: 1 })
  expect(await visitKeys(connection, criterion, 'delete')).toMatchObject({ matched: 1 })
  expect(new Set(await redis.keys('*'))).toEqual(new Set(['shop:used', 'shop:index:ann', 'other:idle']))
})

test('no more keys are examined in a second than are allowed', async () => {
  await write(Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`shop:${index}`, 'x'])))
  const startedMs = performance.now()
  const seen: number[] = []
  const onPage = ({ examined }: Visit) => seen.push(examined / (performance.now() - startedMs))
  expect(await visitKeys(connection, everyKey('shop'), 'count', { keysPerSecond: 1_000, onPage })).toMatchObject({
    matched: 1_000,
  })
  expect(performance.now() - startedMs).toBeGreaterThan(800)
  // At the end of each page after the first, at most the rate and one page.
  expect(Math.max(...seen.slice(2))).toBeLessThan(2)
})

describe('keys that are remembered', () => {
  test('go again whenever they are back, with those that were named and not there', async () => {
    await write({ 'shop:1': 'a', 'shop:2': 'b' })
    await visitKeys(connection, everyKey('shop'), { rememberIn: guard })
    const names = { by: 'names' as const, names: ['shop:2', 'shop:3'] }
    expect(await visitKeys(connection, names, { rememberIn: guard })).toMatchObject({ examined: 2, matched: 0 })
    await write({ 'shop:1': 'revived', 'shop:3': 'late', 'shop:4': 'a login' })
    expect(await visitRemembered(connection, guard, 'count')).toEqual({ names: 3, back: 2 })
    expect(await visitRemembered(connection, guard, 'delete')).toEqual({ names: 3, back: 2 })
    expect(await visitRemembered(connection, guard, 'delete')).toEqual({ names: 3, back: 0 })
    expect(new Set(await redis.keys('*'))).toEqual(new Set(['shop:4', guard]))
    await forgetRemembered(connection, guard)
    expect(await redis.exists(guard)).toBe(0)
  })

  test('outlive every session under volatile-ttl', async () => {
    await redis.set('shop:long', 'x', 'EX', 365 * 86_400)
    await visitKeys(connection, { by: 'names', names: ['shop:1'] }, { rememberIn: guard })
    expect(await redis.pttl(guard)).toBeGreaterThan(await redis.pttl('shop:long'))
  })

  test('are remembered and deleted on a server that is full', async () => {
    await write(Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`shop:${index}`, 'x'.repeat(500)])))
    await redis.config('SET', 'maxmemory', '1000000')
    await redis.config('SET', 'maxmemory-policy', 'noeviction')
    await expect(redis.set('shop:more', 'y'.repeat(500))).rejects.toThrow('OOM')
    expect(await visitKeys(connection, everyKey('shop'), { rememberIn: guard })).toMatchObject({ matched: 1_000 })
    expect(await visitRemembered(connection, guard, 'delete')).toEqual({ names: 1_000, back: 0 })
  })
})

test('a page of long payloads comes in parts, and all of it', async () => {
  const long = 'x'.repeat(1_000_000)
  await write(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`shop:${index}`, `${index}${long}`])))
  const lengths: number[] = []
  const keys = new Set<string>()
  for await (const page of readPayloads(connection, 'shop', { field: undefined, maxBytes: 2_000_000 })) {
    lengths.push(page.length)
    for (const { key, payload } of page) if (payload) keys.add(key.toString())
  }
  expect(keys.size).toBe(20)
  expect(Math.max(...lengths)).toBeLessThanOrEqual(5)
})

test('payloads come as they are, too long ones as none, and other types not at all', async () => {
  const bytes = Buffer.from([0x04, 0x08, 0xff, 0x00])
  await redis.set('shop:1', bytes)
  await redis.set('shop:2', 'x'.repeat(100))
  await redis.hset('shop:3', 'attribute', bytes)
  const read = async (field: string | undefined) => {
    const found = []
    for await (const page of readPayloads(connection, 'shop', { field, maxBytes: 50 }))
      found.push(...page.map(({ key, payload }) => [key.toString(), payload]))
    return Object.fromEntries(found) as Record<string, Buffer | undefined>
  }
  expect(await read(undefined)).toEqual({ 'shop:1': bytes, 'shop:2': undefined })
  expect(await read('attribute')).toEqual({ 'shop:3': bytes })
})
