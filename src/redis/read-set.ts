import type { RedisCallOptions, RedisConnection } from './connection.ts'

/** Members that one call takes. */
const pageSize = 500

/** The members of a set, page by page; none when there is no such set, or the key is of another type. Throws a `RedisError`. */
export async function* readSet(
  connection: RedisConnection,
  key: string,
  options: RedisCallOptions = {},
): AsyncGenerator<readonly Buffer[], void> {
  let cursor = '0'
  do {
    const reply = await connection.callBinary(['EVAL', pageScript, 1, key, cursor, pageSize], options)
    const [next, members] = Array.isArray(reply) ? reply : []
    cursor = String(next ?? '0')
    yield Array.isArray(members) ? members.filter((member) => Buffer.isBuffer(member)) : []
  } while (cursor !== '0')
}

const pageScript = `
local page = redis.pcall('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
if page.err then return {'0', {}} end
return page
`
