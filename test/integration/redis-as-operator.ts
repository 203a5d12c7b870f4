import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { operatorCommands } from '../../src/redis/acl.ts'
import type { RedisConnection } from '../../src/redis/connection.ts'
import { connect } from '../../src/redis/ioredis-connection.ts'
import { freePorts } from '../cluster/free-ports.ts'
import { stopAll } from '../cluster/recorded-process.ts'
import { startRedis } from './redis-server.ts'

const login = { username: 'operator', password: 'for-tests-only' }

/** A Redis of this machine, as an application may use it and as the operator may. */
export interface RedisAsOperator {
  readonly redis: Redis
  /** With the operator's rights, and no others. */
  readonly connection: RedisConnection
  /** Another one like it; close it. */
  connect(): Promise<RedisConnection>
  close(): Promise<void>
}

/** Starts one on a port of its own; close it at the end. */
export const redisAsOperator = async (): Promise<RedisAsOperator> => {
  const folder = mkdtempSync(join(tmpdir(), 'redis-as-operator-'))
  const [port = 0] = await freePorts(1)
  // This machine's Redis is 7.0, which does not know these.
  const commands = operatorCommands.filter((rule) => !['+waitaof', '+client|no-touch'].includes(rule))
  const server = await startRedis(folder, port, [
    `user operator on >${login.password} ~* &* -@all ${commands.join(' ')}`,
  ])
  const redis = new Redis({ host: '127.0.0.1', port })
  const another = async () => await connect({ host: '127.0.0.1', port }, login)
  const connection = await another()
  return {
    connect: another,
    redis,
    connection,
    close: async () => {
      redis.disconnect()
      connection.close()
      await stopAll([server], 0)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
