import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { everyKey, visitKeys, type Act } from '../../src/redis/visit-keys.ts'
import { freePorts } from '../cluster/free-ports.ts'
import { stopAll, type ProcessRecord } from '../cluster/recorded-process.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { redisAsOperator, type RedisAsOperator } from './redis-as-operator.ts'
import { startRedis } from './redis-server.ts'

const keys = 50_000

let server: RedisAsOperator
let replica: ProcessRecord
let follower: Redis
let folder: string

beforeAll(async () => {
  server = await redisAsOperator()
  folder = mkdtempSync(join(tmpdir(), 'keep-up-'))
  const [port = 0] = await freePorts(1)
  const { host = '', port: primary = 0 } = server.redis.options
  replica = await startRedis(folder, port, [`replicaof ${host} ${primary}`])
  follower = new Redis({ host: '127.0.0.1', port })
})
afterAll(async () => {
  follower.disconnect()
  await stopAll([replica], 0)
  rmSync(folder, { recursive: true, force: true })
  await server.close()
})

const fill = async (): Promise<void> => {
  const pipeline = server.redis.pipeline()
  for (let index = 0; index < keys; index += 1) pipeline.set(`shop:${index}`, 'x')
  await pipeline.exec()
  await waitUntil('the replica has them', async () => (await follower.dbsize()) >= keys, { timeoutMs: 20_000 })
}

/** How long it takes to delete all of them, in ms. */
const deleteAll = async (act: Act): Promise<number> => {
  const startedMs = performance.now()
  const { matched } = await visitKeys(server.connection, everyKey('shop'), act, { replicas: 1 })
  expect(matched).toBe(keys)
  return performance.now() - startedMs
}

test('a replica that hangs makes it slower, and does not stop it', async () => {
  await fill()
  const follows = await deleteAll('delete')
  await fill()
  process.kill(replica.pid, 'SIGSTOP')
  try {
    const hangs = await deleteAll({ rememberIn: '{guard}f1' })
    console.log(`with a replica that follows ${follows.toFixed(0)} ms, with one that hangs ${hangs.toFixed(0)} ms`)
    expect(hangs).toBeGreaterThan(5 * 150)
    expect(hangs).toBeLessThan(20_000)
  } finally {
    process.kill(replica.pid, 'SIGCONT')
  }
  await waitUntil('the replica has it too', async () => (await follower.dbsize()) === 1, { timeoutMs: 20_000 })
})
