import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { sweepTtl } from '../../src/redis/sweep.ts'
import { connect } from '../../src/redis/ioredis-connection.ts'
import { freePorts } from '../cluster/free-ports.ts'
import { stopAll } from '../cluster/recorded-process.ts'
import { startRedis } from '../integration/redis-server.ts'
import type { Figure } from './figure.ts'
import { percentile } from './statistics.ts'

const sessions = 1_000_000
const keyPrefix = 'shop:session'

const load = async (redis: Redis): Promise<void> => {
  const batch = 10_000
  for (let start = 0; start < sessions; start += batch) {
    const pipeline = redis.pipeline()
    for (let index = start; index < start + batch; index += 1) {
      const key = `${keyPrefix}:${index}`
      if (index % 5 === 0) pipeline.set(key, 'x'.repeat(300))
      else pipeline.set(key, 'x'.repeat(300), 'EX', 1800)
    }
    await pipeline.exec()
  }
}

/** One GET a ms or so, each timed in ms, while some work is done. */
const reading = async (redis: Redis, work: () => Promise<unknown>): Promise<{ readMs: number[]; tookMs: number }> => {
  const readMs: number[] = []
  const done = new AbortController()
  const loop = (async () => {
    for (let index = 0; !done.signal.aborted; index = (index + 7919) % sessions) {
      const startedMs = performance.now()
      await redis.get(`${keyPrefix}:${index}`)
      readMs.push(performance.now() - startedMs)
      await delay(1)
    }
  })()
  const startedMs = performance.now()
  await work()
  const tookMs = performance.now() - startedMs
  done.abort()
  await loop
  return { readMs, tookMs }
}

/** The TTL policy over a million sessions on one server of this machine, a fifth of which never end. */
export const ttlPolicy = async (): Promise<readonly Figure[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-ttl-'))
  const [port = 0] = await freePorts(1)
  const server = await startRedis(folder, port, ['user operator on >bench ~* +@all'])
  const redis = new Redis({ host: '127.0.0.1', port })
  const reader = redis.duplicate()
  const connection = await connect({ host: '127.0.0.1', port }, { username: 'operator', password: 'bench' })
  const limits = { defaultMs: 1_800_000, maxMs: 43_200_000, absoluteMs: undefined, birth: undefined, exempt: [] }
  const clock = {
    monotonicMs: () => performance.now(),
    sleep: async (ms: number, signal?: AbortSignal) => await delay(ms, undefined, signal ? { signal } : {}),
  }
  const sweep = async (act: boolean) => await sweepTtl(connection, keyPrefix, limits, act, clock)
  try {
    await load(redis)
    const idle = await reading(reader, async () => delay(2_000))
    let found = 0
    const look = await reading(reader, async () => (found = (await sweep(false)).immortal))
    let corrected = 0
    const act = await reading(reader, async () => (corrected = (await sweep(true)).corrected))
    const left = (await sweep(false)).immortal
    if (found !== sessions / 5 || corrected !== found || left !== 0)
      throw new Error(`${found} found, ${corrected} corrected, ${left} left`)
    const percentiles = (what: string, readMs: readonly number[]): readonly Figure[] =>
      ([0.5, 0.99] as const).map((share) => ({
        name: `GET while they are ${what}, p${share * 100}`,
        value: percentile(readMs, share),
        unit: 'ms',
        baseline: { what: 'idle', value: percentile(idle.readMs, share) },
      }))
    return [
      { name: `${found} immortal of ${sessions} found`, value: look.tookMs / 1000, unit: 's' },
      ...percentiles('looked for', look.readMs),
      { name: 'given a time to live', value: act.tookMs / 1000, unit: 's' },
      ...percentiles('corrected', act.readMs),
    ]
  } finally {
    redis.disconnect()
    reader.disconnect()
    connection.close()
    await stopAll([server], 0)
    rmSync(folder, { recursive: true, force: true })
  }
}
