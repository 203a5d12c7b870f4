import type { RedisCallOptions, RedisConnection } from '../redis/connection.ts'
import { liveSettings, type ServerConfig } from '../redis/config.ts'

/** Sets what differs of the live settings; returns their names. Throws a `RedisError`. */
export const ensureLiveConfig = async (
  connection: RedisConnection,
  config: ServerConfig,
  options: RedisCallOptions = {},
): Promise<readonly string[]> => {
  const wanted = liveSettings(config)
  const reply = await connection.call(['CONFIG', 'GET', ...Object.keys(wanted)], options)
  const current = pairs(reply)
  const different = Object.entries(wanted).filter(([name, value]) => current.get(name) !== value)
  if (different.length > 0) await connection.call(['CONFIG', 'SET', ...different.flat()], options)
  return different.map(([name]) => name)
}

/** A flat list of names and values, or of RESP3 pairs. */
const pairs = (reply: unknown): ReadonlyMap<string, string> => {
  const flat = Array.isArray(reply) ? reply.flat().map((item) => String(item)) : []
  const result = new Map<string, string>()
  for (let index = 0; index + 1 < flat.length; index += 2) result.set(flat[index] ?? '', flat[index + 1] ?? '')
  return result
}
