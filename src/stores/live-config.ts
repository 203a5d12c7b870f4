import type { RedisCallOptions, RedisConnection } from '../redis/connection.ts'
import { liveSettings, port, type ServerConfig } from '../redis/config.ts'

/** Sets what differs of the live settings; returns their names. Throws a `RedisError`. */
export const ensureLiveConfig = async (
  connection: RedisConnection,
  config: ServerConfig,
  address: string | undefined,
  options: RedisCallOptions = {},
): Promise<readonly string[]> => {
  const wanted = liveSettings(config)
  const reply = await connection.call(['CONFIG', 'GET', ...Object.keys(wanted)], options)
  const current = pairs(reply)
  const different = Object.entries(wanted).filter(([name, value]) => current.get(name) !== value)
  if (different.length === 0) return []
  const set = ['CONFIG', 'SET', ...different.flat()] as const
  const closes = different.some(([name, value]) => name === 'port' && value === '0')
  if (closes && address !== undefined) {
    // A port that is closed keeps who is connected by it.
    const local = `${address.includes(':') ? `[${address}]` : address}:${port}`
    await connection.transaction([set, ['CLIENT', 'KILL', 'LADDR', local]], options)
  } else await connection.call(set, options)
  return different.map(([name]) => name)
}

/** A flat list of names and values, or of RESP3 pairs. */
export const pairs = (reply: unknown): ReadonlyMap<string, string> => {
  const flat = Array.isArray(reply) ? reply.flat().map((item) => String(item)) : []
  const result = new Map<string, string>()
  for (let index = 0; index + 1 < flat.length; index += 2) result.set(flat[index] ?? '', flat[index + 1] ?? '')
  return result
}
