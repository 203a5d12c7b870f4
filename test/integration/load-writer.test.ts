import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePorts } from '../cluster/free-ports.ts'
import { signal } from '../cluster/process-identity.ts'
import { stopAll, type ProcessRecord } from '../cluster/recorded-process.ts'
import { missing } from '../e2e/load/missing.ts'
import type { WriterSettings } from '../e2e/load/messages.ts'
import type { Writer } from '../e2e/load/running-writer.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { startWriter } from '../e2e/load/writer.ts'
import { startRedis } from './redis-server.ts'

const old = { username: 'web', password: 'old' }
const renewed = { username: 'web', password: 'renewed' }

let port = 0
let server: ProcessRecord | undefined
let admin: Redis
let folder = ''
let writer: Writer | undefined

/** A Redis that keeps nothing on disk: it comes back empty. It ends with this thread. */
const startServer = async (): Promise<void> => {
  server = await startRedis(folder, port, ['user web on >old ~shop:session:* +@read +@write +@connection'])
}

const killServer = async (): Promise<void> => {
  if (server) await stopAll([server], 0)
}

const signalServer = (name: NodeJS.Signals): void => {
  if (server) signal(server, name)
}

const write = async (options: Partial<WriterSettings> = {}): Promise<Writer> => {
  writer = await startWriter({ host: '127.0.0.1', port, ...old, prefix: 'shop:session', ...options })
  await writer.untilAcknowledged(50)
  return writer
}

beforeEach(async () => {
  ;[port = 0] = await freePorts(1)
  folder = mkdtempSync(join(tmpdir(), 'load-writer-'))
  admin = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 20 })
  admin.on('error', () => undefined)
  await startServer()
})

afterEach(async () => {
  await writer?.stop().catch(() => undefined)
  writer = undefined
  admin.disconnect()
  await killServer()
  rmSync(folder, { recursive: true, force: true })
})

test('an outage is measured whole, and what it lost is counted', async () => {
  const writer = await write()
  const killedMs = writer.mark()
  await killServer()
  await delay(500)
  const restartedMs = writer.mark()
  await startServer()
  await writer.untilWrites(writer.mark())
  const report = await writer.stop()

  const lost = report.acknowledged.filter(({ atMs }) => atMs < restartedMs).length
  expect(lost).toBeGreaterThanOrEqual(50)
  expect(report.acknowledged.length).toBeGreaterThan(lost)
  expect(await missing(admin, report)).toBe(lost)
  expect(await missing(admin, report, { until: killedMs })).toBe(
    report.acknowledged.filter(({ atMs }) => atMs <= killedMs).length,
  )
  expect(report.gapMs(killedMs)).toBeGreaterThanOrEqual(450)
  expect(report.worstConnectionGapMs(killedMs)).toBeGreaterThanOrEqual(report.gapMs(killedMs))
  expect(report.failures['ECONNREFUSED']).toBeGreaterThan(1)
})

const untilRefused = async (error: string) => {
  const refused = async () => (await admin.info('errorstats')).includes(`errorstat_${error}:`)
  await waitUntil(`the server has refused with ${error}`, refused, { timeoutMs: 10_000, intervalMs: 10 })
}

test('a server that refuses, then hangs, is told apart', async () => {
  const writer = await write()
  await admin.replicaof('127.0.0.1', '1')
  await untilRefused('READONLY')
  await admin.replicaof('NO', 'ONE')
  await writer.untilWrites(writer.mark())
  const hungMs = writer.mark()
  signalServer('SIGSTOP')
  await delay(500)
  signalServer('SIGCONT')
  await writer.untilWrites(writer.mark())
  const report = await writer.stop()

  expect(Object.keys(report.failures)).toEqual(expect.arrayContaining(['READONLY', 'TIMEOUT']))
  expect(report.gapMs(hungMs)).toBeGreaterThanOrEqual(450)
  expect(await missing(admin, report)).toBe(0)
})

test('a new login is used from the next connection on, without a failed login', async () => {
  const writer = await write()
  await admin.acl('SETUSER', 'web', '>renewed')
  await writer.login(renewed)
  await admin.acl('SETUSER', 'web', '<old')
  await admin.client('KILL', 'USER', 'web')
  await writer.untilWrites(writer.mark())
  const report = await writer.stop()

  expect(report.failedAttempts.length).toBeGreaterThan(0)
  expect(report.failures).not.toHaveProperty('WRONGPASS')
})

test('a login that is refused is read again from its file', async () => {
  const rereadSecretFile = join(folder, 'login.json')
  writeFileSync(rereadSecretFile, JSON.stringify(old), { mode: 0o600 })
  const writer = await write({ rereadSecretFile })
  await admin.acl('SETUSER', 'web', 'resetpass', '>renewed')
  await admin.client('KILL', 'USER', 'web')
  await untilRefused('WRONGPASS')
  writeFileSync(rereadSecretFile, JSON.stringify(renewed))
  await writer.untilWrites(writer.mark())
  const report = await writer.stop()

  expect(report.failures).toHaveProperty('WRONGPASS')
})

test('who waits for a writer that has ended is told so, at once', async () => {
  await expect(write({ connections: 0 })).rejects.toThrow(/the process ended with 0; 0 writes acknowledged/)
})
