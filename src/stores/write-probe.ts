import type { Login } from '../redis/connection.ts'
import { port } from '../redis/config.ts'
import { isRedisError } from '../redis/errors.ts'
import { parseInfo } from '../redis/info.ts'
import { connect } from '../redis/ioredis-connection.ts'

/** How long the process behind a Service may take to say who it is, in ms. */
const whoTimeoutMs = 300

/** The run id of the process that a Service leads to, or undefined when nobody answers. */
export const whoServes = async (clusterIp: string, login: Login, signal: AbortSignal): Promise<string | undefined> => {
  const options = { signal, timeoutMs: whoTimeoutMs }
  try {
    const connection = await connect({ host: clusterIp, port }, login, { ...options, name: 'operator-probe' })
    try {
      return parseInfo(await connection.call(['INFO', 'server'], options)).runId
    } finally {
      connection.close()
    }
  } catch (error) {
    if (isRedisError(error)) return undefined
    throw error
  }
}

/** Outside of every key prefix: a prefix ends in a colon of its own, and no client's rights reach here. */
const probeKey = 'sessionstore.dev/probe'

/**
 * Writes through the Service, as a client would, and takes it back. A store is Ready when this works: pods that are ready and a Service that
 * does not lead to them yet are no use to anybody. Throws a `RedisError`.
 */
export const writeThroughService = async (clusterIp: string, login: Login, signal: AbortSignal): Promise<void> => {
  const connection = await connect({ host: clusterIp, port }, login, { signal, name: 'operator-probe' })
  try {
    await connection.transaction(
      [
        ['SET', probeKey, '1', 'PX', 1000],
        ['DEL', probeKey],
      ],
      { signal },
    )
  } finally {
    connection.close()
  }
}
