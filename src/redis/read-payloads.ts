import type { BinaryReply, RedisCallOptions, RedisConnection } from './connection.ts'
import { under } from './glob.ts'

export interface PayloadOptions extends RedisCallOptions {
  /** The field of a hash that is read; without it keys are strings. */
  readonly field: string | undefined
  /** A payload of more bytes than this is not sent. */
  readonly maxBytes: number
}

/** What a key holds; undefined: more than was asked for. */
export interface StoredPayload {
  readonly key: Buffer
  readonly payload: Buffer | undefined
}

/** Keys that one call takes: with payloads of 10 KiB a MiB on the wire. */
const pageSize = 100

// A key of another type, and a hash without the field, is no session.
const pageScript = `
local field, maxBytes = ARGV[4], tonumber(ARGV[5])
local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local found = {page[1]}
for _, key in ipairs(page[2]) do
  local value
  if field == '' then value = redis.pcall('GET', key) else value = redis.pcall('HGET', key, field) end
  if type(value) == 'string' then
    found[#found + 1] = key
    if #value > maxBytes then found[#found + 1] = 0 else found[#found + 1] = value end
  end
end
return found
`

/** The payloads of every session under the prefix, page by page, for those that only a reader of ours can read. Throws a `RedisError`. */
export async function* readPayloads(
  connection: RedisConnection,
  keyPrefix: string,
  { field = '', maxBytes, ...options }: PayloadOptions,
): AsyncGenerator<readonly StoredPayload[], void> {
  let cursor = '0'
  do {
    const command = ['EVAL', pageScript, 0, cursor, under(keyPrefix), pageSize, field, maxBytes] as const
    const [next, ...found] = list(await connection.callBinary(command, options))
    cursor = String(next ?? '0')
    yield Array.from({ length: found.length / 2 }, (_, index) => {
      const [key, payload] = [found[2 * index], found[2 * index + 1]]
      return { key: key as Buffer, payload: Buffer.isBuffer(payload) ? payload : undefined }
    })
  } while (cursor !== '0')
}

const list = (reply: BinaryReply): readonly BinaryReply[] =>
  reply !== null && typeof reply === 'object' && !Buffer.isBuffer(reply) ? reply : []
