import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { byIndex, indexFirst } from '../../src/flushes/scope/by-index.ts'
import { byReader } from '../../src/flushes/scope/by-reader.ts'
import { presetOf } from '../../src/sessions/presets.ts'
import { readJson } from '../../src/sessions/readers/json.ts'
import { redisAsOperator, type RedisAsOperator } from './redis-as-operator.ts'

let server: RedisAsOperator
beforeAll(async () => {
  server = await redisAsOperator()
})
afterAll(async () => server.close())
beforeEach(async () => {
  await server.redis.flushall()
})

const { principalIndex, keysOfId } = presetOf('lucia')
const reader = {
  keyPrefix: 'shop',
  read: readJson,
  field: undefined,
  path: ['user_id'],
  owners: new Set(['ann', 'nobody']),
  takeUndecodable: false,
}
const index = principalIndex && byIndex({ ...reader, index: principalIndex, keysOfId })
const scan = byReader(reader)

/** Ann's, of which the index has missed one, and has two that are not hers: one is Bob's by now, one is gone. */
const write = async (): Promise<void> => {
  const { redis } = server
  await redis.mset({
    'shop:session:a1': '{"user_id":"ann"}',
    'shop:session:a2': '{"user_id":"ann"}',
    'shop:session:missed': '{"user_id":"ann"}',
    'shop:session:b1': '{"user_id":"bob"}',
    'shop:session:broken': '{"user_id":',
  })
  await redis.sadd('shop:user_sessions:ann', 'a1', 'a2', 'b1', 'gone', 'broken', '\u0000\u00ff')
  await redis.sadd('shop:user_sessions:bob', 'b1')
}

test('what the index names and the session says as well, and nothing else', async () => {
  await write()
  const { redis, connection } = server
  expect(await index?.visit(connection, 'count')).toEqual({ examined: 4, matched: 2, undecodable: 1 })
  expect(await index?.visit(connection, { rememberIn: '{guard}f' })).toMatchObject({ matched: 2 })
  expect((await redis.keys('shop:session:*')).toSorted()).toEqual([
    'shop:session:b1',
    'shop:session:broken',
    'shop:session:missed',
  ])
  expect((await redis.smembers('{guard}f')).toSorted()).toEqual(['shop:session:a1', 'shop:session:a2'])
  expect(await redis.scard('shop:user_sessions:ann')).toBe(6)
})

test('a key in the place of the index that is no set is no index', async () => {
  const { redis, connection } = server
  await redis.set('shop:user_sessions:ann', 'text')
  expect(await index?.visit(connection, 'delete')).toEqual({ examined: 0, matched: 0, undecodable: 0 })
})

test('the index first, then the rest: each is counted once, and nothing is missed', async () => {
  await write()
  const { redis, connection } = server
  if (!index) throw new Error('lucia has an index')
  const both = indexFirst(index, scan)
  // The sets of the index are no sessions: they are of another type.
  expect(await both.visit(connection, 'count')).toMatchObject({ matched: 3, undecodable: 1 })
  const seen: number[] = []
  const visit = await both.visit(connection, 'delete', { onPage: ({ matched }) => seen.push(matched) })
  expect(visit).toMatchObject({ matched: 3, undecodable: 1 })
  expect(seen[0]).toBe(2)
  expect(seen.at(-1)).toBe(3)
  expect((await redis.keys('shop:session:*')).toSorted()).toEqual(['shop:session:b1', 'shop:session:broken'])
})

test('the ids of a Spring index are read as Java has written them, and as text', () => {
  const spring = presetOf('spring-session-indexed').principalIndex
  const id = '0b6a8f5e-7c1d-4a53-9d0e-0f6f3f1f2a11'
  const java = Buffer.concat([Buffer.from([0xac, 0xed, 0, 5, 0x74, 0, id.length]), Buffer.from(id)])
  expect(spring?.idOf(java)).toBe(id)
  expect(spring?.idOf(Buffer.from(id))).toBe(id)
  expect(spring?.idOf(java.subarray(0, 20))).toBeUndefined()
  expect(spring?.idOf(Buffer.from([0xac]))).toBeUndefined()
  expect(spring?.set('ann@example.com')).toBe(
    'index:org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME:ann@example.com',
  )
})
