import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { replicationUser } from '../../src/redis/acl.ts'
import { deadAddress } from '../../src/redis/config.ts'
import { follow, openGate, type Standing } from '../../src/redis/replication.ts'
import { freePorts } from '../cluster/free-ports.ts'
import { stopAll, type ProcessRecord } from '../cluster/recorded-process.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { redisAsOperator, type RedisAsOperator } from './redis-as-operator.ts'
import { startRedis } from './redis-server.ts'

const login = { password: 'of-replicas' }
/** Enough to make the way to the primary's data take a while. */
const keys = 200_000

let node: RedisAsOperator
let primary: Redis
let primaryProcess: ProcessRecord
let endpoint: { readonly host: string; readonly port: number; readonly tls: undefined }
let folder: string

beforeAll(async () => {
  node = await redisAsOperator()
  folder = mkdtempSync(join(tmpdir(), 'follow-'))
  const [port = 0] = await freePorts(1)
  primaryProcess = await startRedis(folder, port, [
    `user ${replicationUser} on >${login.password} +psync +replconf +ping`,
    'repl-backlog-size 64mb',
    'repl-diskless-sync-delay 0',
  ])
  endpoint = { host: '127.0.0.1', port, tls: undefined }
  primary = new Redis({ host: endpoint.host, port })
  primary.on('error', () => undefined)
})
afterAll(async () => {
  primary.disconnect()
  await stopAll([primaryProcess], 0)
  rmSync(folder, { recursive: true, force: true })
  await node.close()
})

const fill = async (redis: Redis, prefix: string): Promise<void> => {
  const pipeline = redis.pipeline()
  for (let index = 0; index < keys; index += 1) pipeline.set(`${prefix}:${index}`, 'revoked')
  await pipeline.exec()
}

const linkUp = async (): Promise<boolean> => (await node.redis.info('replication')).includes('master_link_status:up')

const standBehindGate = async (): Promise<void> => {
  await node.redis.config('SET', 'replica-serve-stale-data', 'no')
  await node.redis.replicaof(...deadAddress)
}

/** Follows, while an application that is connected to the node reads as fast as it can. Resolves with what it saw before the link was up, and how often it asked. */
const followWhileRead = async (standing: Standing): Promise<{ readonly seen: number; readonly asked: number }> => {
  const stop = new AbortController()
  let [seen, asked] = [0, 0]
  const read = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const pipeline = node.redis.pipeline()
      // The last that the primary's deletion comes to.
      for (let index = 0; index < 20; index += 1) pipeline.get(`shop:${keys - 1}`)
      for (const [error, value] of (await pipeline.exec()) ?? []) {
        asked += 1
        if (!error && value === 'revoked') seen += 1
      }
    }
  }
  const reading = read()
  await follow(node.connection, endpoint, endpoint.host, login, standing)
  await waitUntil('it follows', linkUp, { timeoutMs: 20_000, intervalMs: 5 })
  const last = `shop:${keys - 1}`
  await waitUntil('it is read', async () => (await node.redis.get(last)) === null, { timeoutMs: 20_000 })
  stop.abort()
  await reading
  return { seen, asked }
}

test('who is connected to a node from before a flush reads none of it on the way to its new primary', async () => {
  await fill(node.redis, 'shop')
  await fill(primary, 'other')
  await standBehindGate()
  const { seen, asked } = await followWhileRead('stale')
  expect(asked).toBeGreaterThan(0)
  expect(seen).toBe(0)
})

test('nor where it could go on from its offset', async () => {
  await fill(primary, 'shop')
  await waitUntil('it has them', async () => (await node.redis.dbsize()) === 2 * keys, { timeoutMs: 20_000 })
  await standBehindGate()
  // One by one, as a flush of some people does: with FLUSHDB there would be nothing on the way.
  for (let index = 0; index < keys; index += 10_000)
    await primary.unlink(...Array.from({ length: 10_000 }, (_, each) => `shop:${index + each}`))
  const { seen, asked } = await followWhileRead('revoked')
  expect(asked).toBeGreaterThan(0)
  expect(seen).toBe(0)
})

test('once its gate is open it is read when its primary ends; what is behind one is not', async () => {
  await primary.set('shop:1', 'kept')
  await waitUntil('it has it', async () => (await node.redis.get('shop:1')) === 'kept', { timeoutMs: 20_000 })
  await openGate(node.connection)
  await stopAll([primaryProcess], 0)
  await waitUntil('the link broke', async () => !(await linkUp()), { timeoutMs: 20_000 })
  expect(await node.redis.get('shop:1')).toBe('kept')
  await standBehindGate()
  await expect(node.redis.get('shop:1')).rejects.toThrow('MASTERDOWN')
  // What waits behind a gate stays there, whatever it is thought to be.
  await follow(node.connection, endpoint, endpoint.host, login, 'current')
  await expect(node.redis.get('shop:1')).rejects.toThrow('MASTERDOWN')
  await openGate(node.connection)
  expect(await node.redis.get('shop:1')).toBe('kept')
})
