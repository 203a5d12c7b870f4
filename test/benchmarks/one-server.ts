import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis, type ChainableCommander } from 'ioredis'
import type { RedisConnection } from '../../src/redis/connection.ts'
import { connect } from '../../src/redis/ioredis-connection.ts'
import { freePorts } from '../cluster/free-ports.ts'
import { stopAll } from '../cluster/recorded-process.ts'
import { startRedis } from '../integration/redis-server.ts'

/** Where the sessions of these benchmarks are. */
export const keyPrefix = 'shop:session'

/** A Redis of this machine that nobody else uses. */
export interface OneServer {
  readonly port: number
  /** As an application. */
  readonly redis: Redis
  /** Another one. */
  readonly client: () => Redis
  /** As the operator, with every right. */
  readonly open: () => Promise<RedisConnection>
}

/** Starts one, and ends it with all that was connected to it. */
export const withServer = async <T>(
  work: (server: OneServer) => Promise<T>,
  lines: readonly string[] = [],
): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const [port = 0] = await freePorts(1)
  const server = await startRedis(folder, port, ['user operator on >bench ~* &* +@all', ...lines])
  const clients: Redis[] = []
  const connections: RedisConnection[] = []
  const client = () => {
    const redis = new Redis({ host: '127.0.0.1', port })
    clients.push(redis)
    return redis
  }
  const open = async () => {
    const connection = await connect({ host: '127.0.0.1', port }, { username: 'operator', password: 'bench' })
    connections.push(connection)
    return connection
  }
  try {
    return await work({ port, redis: client(), client, open })
  } finally {
    for (const redis of clients) redis.disconnect()
    for (const connection of connections) connection.close()
    await stopAll([server], 0)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Writes sessions, ten thousand in each round trip. */
export const loadSessions = async (
  redis: Redis,
  sessions: number,
  write: (pipeline: ChainableCommander, key: string, index: number) => void,
): Promise<void> => {
  const batch = 10_000
  for (let start = 0; start < sessions; start += batch) {
    const pipeline = redis.pipeline()
    for (let index = start; index < start + batch; index += 1) write(pipeline, `${keyPrefix}:${index}`, index)
    await pipeline.exec()
  }
}

/** One GET after another, each timed in ms, with a rest between them, while some work is done. */
export const readMeanwhile = async <T>(
  redis: Redis,
  sessions: number,
  work: () => Promise<T>,
  restMs = 0,
): Promise<{ readonly result: T; readonly readMs: readonly number[]; readonly tookMs: number }> => {
  const readMs: number[] = []
  const done = new AbortController()
  const loop = (async () => {
    for (let index = 0; !done.signal.aborted; index = (index + 7919) % sessions) {
      const startedMs = performance.now()
      await redis.get(`${keyPrefix}:${index}`)
      readMs.push(performance.now() - startedMs)
      if (restMs > 0) await delay(restMs)
    }
  })()
  const startedMs = performance.now()
  const result = await work()
  const tookMs = performance.now() - startedMs
  done.abort()
  await loop
  return { result, readMs, tookMs }
}
