import type { Command, RedisCallOptions, RedisConnection } from './connection.ts'
import { isRedisError } from './errors.ts'

/**
 * The number of the last deletion of a flush, kept in the data itself: in the name of a function, which nobody calls. Functions are replicated and written
 * to append-only files and snapshots in their order with everything else; FLUSHDB and SWAPDB leave them, and nothing evicts them (src/functions.c; Redis 7.0 to
 * 8.8, Valkey 8 and 9). So whatever holds this number, a replica, a file, a volume out of a backup, has that deletion.
 */
export const stampLibrary = 'session_store'
/** Before the number. */
export const stampPrefix = 'revocation_'

/** Puts a number into the data. Whoever has it from then on has everything that was done before it. */
export const writeStamp = async (
  connection: RedisConnection,
  number: number,
  options: RedisCallOptions = {},
): Promise<void> => {
  const name = `${stampPrefix}${number}`
  const code = `#!lua name=${stampLibrary}\nredis.register_function{function_name='${name}', callback=function() end, flags={'no-writes'}}`
  const load: Command = ['FUNCTION', 'LOAD', 'REPLACE', code]
  try {
    await connection.call(load, options)
  } catch (error) {
    if (!isRedisError(error, 'memory')) throw error
    await withoutLimit(connection, async () => await connection.call(load, options), options)
  }
}

/** A server that is full takes no function; for a moment it is not. Whoever is killed in it is made good by the store's next pass. */
const withoutLimit = async (
  connection: RedisConnection,
  work: () => Promise<unknown>,
  options: RedisCallOptions,
): Promise<void> => {
  const [, bytes = '0'] = [await connection.call(['CONFIG', 'GET', 'maxmemory'], options)].flat(2).map(String)
  await connection.call(['CONFIG', 'SET', 'maxmemory', 0], options)
  try {
    await work()
  } finally {
    await connection.call(['CONFIG', 'SET', 'maxmemory', bytes], options)
  }
}

/** The number in the data; 0 when it has none. */
export const readStamp = async (connection: RedisConnection, options: RedisCallOptions = {}): Promise<number> => {
  const reply = await connection.call(['FUNCTION', 'LIST', 'LIBRARYNAME', stampLibrary], options)
  const name = texts(reply).find((text) => text.startsWith(stampPrefix))
  return Number(name?.slice(stampPrefix.length) ?? 0)
}

/** Every text in a reply: libraries and functions are lists of pairs, in RESP3 maps. */
const texts = (reply: unknown): readonly string[] => {
  if (typeof reply === 'string') return [reply]
  if (Buffer.isBuffer(reply)) return [reply.toString()]
  if (reply instanceof Map) return [...reply.values()].flatMap(texts)
  if (Array.isArray(reply)) return reply.flatMap(texts)
  return typeof reply === 'object' && reply !== null ? Object.values(reply).flatMap(texts) : []
}
