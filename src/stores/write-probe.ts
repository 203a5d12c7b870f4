import type { Login } from '../redis/connection.ts'
import { port, tlsPort } from '../redis/config.ts'
import { isRedisError } from '../redis/errors.ts'
import { parseInfo } from '../redis/info.ts'
import { connect } from '../redis/ioredis-connection.ts'
import type { TlsPeer } from '../redis/tls-peer.ts'

/** How long the process behind a Service may take to say who it is, in ms. */
const whoTimeoutMs = 300

/** How a store is reached from outside of its pods. */
export interface ServiceAddress {
  readonly clusterIp: string
  /** With it by TLS. */
  readonly tls: TlsPeer | undefined
}

const endpointOf = ({ clusterIp, tls }: ServiceAddress) => ({ host: clusterIp, port: tls ? tlsPort : port })

/** The run id of the process that a Service leads to, or undefined when nobody answers. */
export const whoServes = async (
  service: ServiceAddress,
  login: Login,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const options = { signal, timeoutMs: whoTimeoutMs, tls: service.tls }
  try {
    const connection = await connect(endpointOf(service), login, { ...options, name: 'operator-probe' })
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
export const writeThroughService = async (
  service: ServiceAddress,
  login: Login,
  signal: AbortSignal,
): Promise<void> => {
  const connection = await connect(endpointOf(service), login, { signal, tls: service.tls, name: 'operator-probe' })
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
