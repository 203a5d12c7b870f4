import type { RedisCallOptions, RedisConnection } from './connection.ts'

/** What became of keys whose names are remembered. */
export interface Remembered {
  /** How many names there are. Fewer than before: some were lost, by an eviction or a restart. */
  readonly names: number
  /** Keys that were there again; gone once more, if that was asked for. */
  readonly back: number
}

/** Names that one call takes: a few tenths of a ms of the server's time. */
const pageSize = 500

const pageScript = `
local page = redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[3])
local back = 0
for from = 1, #page[2], 1000 do
  back = back + redis.call(ARGV[2], unpack(page[2], from, math.min(from + 999, #page[2])))
end
return {page[1], back}
`

/** Looks for remembered keys that are there again, with `delete` deletes them; `count` also works on a replica. Throws a `RedisError`. */
export const visitRemembered = async (
  connection: RedisConnection,
  guard: string,
  act: 'count' | 'delete',
  options: RedisCallOptions = {},
): Promise<Remembered> => {
  let back = 0
  let cursor = '0'
  do {
    const reply = await connection.call(
      ['EVAL', pageScript, 1, guard, cursor, act === 'count' ? 'EXISTS' : 'UNLINK', pageSize],
      options,
    )
    const [next, found] = Array.isArray(reply) ? reply : []
    cursor = String(next ?? '0')
    back += Number(found ?? 0)
  } while (cursor !== '0')
  return { names: Number(await connection.call(['SCARD', guard], options)), back }
}

/** Forgets the names. */
export const forgetRemembered = async (
  connection: RedisConnection,
  guard: string,
  options: RedisCallOptions = {},
): Promise<void> => {
  await connection.call(['UNLINK', guard], options)
}
