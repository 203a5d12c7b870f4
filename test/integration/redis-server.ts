import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { startRecorded, type ProcessRecord } from '../cluster/recorded-process.ts'
import { waitUntil } from '../cluster/wait-until.ts'

/** Starts a Redis of this machine on loopback that keeps nothing on disk; resolves when it answers. It ends with the thread that called this. */
export const startRedis = async (
  folder: string,
  port: number,
  lines: readonly string[] = [],
): Promise<ProcessRecord> => {
  const own = mkdtempSync(join(folder, 'redis-'))
  const config = join(own, 'redis.conf')
  writeFileSync(config, ['bind 127.0.0.1', `port ${port}`, `dir ${own}`, 'save ""', ...lines, ''].join('\n'))
  const server = startRecorded(folder, 'redis-server', ['setpriv', '--pdeathsig', 'KILL', 'redis-server', config])
  const redis = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 20 })
  redis.on('error', () => undefined)
  try {
    await waitUntil('redis-server answers', async () => (await redis.ping()) === 'PONG', {
      timeoutMs: 10_000,
      intervalMs: 5,
    })
  } finally {
    redis.disconnect()
  }
  return server
}
