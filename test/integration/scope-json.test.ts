import { afterAll, beforeAll, expect, test } from 'vitest'
import { byReader } from '../../src/flushes/scope/by-reader.ts'
import { inServer, withReader } from '../../src/flushes/scope/selection.ts'
import { readJson } from '../../src/sessions/readers/json.ts'
import { redisAsOperator, type RedisAsOperator } from './redis-as-operator.ts'

let server: RedisAsOperator
beforeAll(async () => {
  server = await redisAsOperator()
})
afterAll(async () => server.close())

test('what Redis cannot judge a reader judges, and nothing is counted twice', async () => {
  const { redis, connection } = server
  // Half of an emoji, as JSON.stringify writes it: Node reads that, and cjson does not.
  const half = JSON.stringify({ user: 'ann', note: '😀'.slice(0, 1) })
  await redis.mset({
    'shop:1': '{"user":"ann"}',
    'shop:2': half,
    'shop:3': JSON.stringify({ user: 'bob', note: '😀'.slice(0, 1) }),
    'shop:4': JSON.stringify({ user: 'ann', cart: 'x'.repeat(100_000) }),
    'shop:5': '{"user":"bob"}',
  })
  const common = { keyPrefix: 'shop', path: ['user'], takeUndecodable: false }
  const there = inServer({ ...common, by: 'jsonOwner', owners: ['ann'], maxBytes: 65_536 })
  expect(await there.visit(connection, 'count')).toMatchObject({ matched: 1, undecodable: 3 })
  const selection = withReader(
    there,
    byReader({ ...common, read: readJson, field: undefined, owners: new Set(['ann']) }),
  )
  expect(await selection.visit(connection, 'count')).toMatchObject({ matched: 3, undecodable: 0 })
  expect(await selection.visit(connection, 'delete')).toMatchObject({ matched: 3, undecodable: 0 })
  expect(new Set(await redis.keys('*'))).toEqual(new Set(['shop:3', 'shop:5']))
})
