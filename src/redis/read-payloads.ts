import type { BinaryReply, RedisCallOptions, RedisConnection } from './connection.ts'
import { under } from './glob.ts'
import { atMost, pageAt } from './pace.ts'

export interface PayloadOptions extends RedisCallOptions {
  /** The field of a hash that is read; without it keys are strings. */
  readonly field: string | undefined
  /** A payload of more bytes than this is not sent. */
  readonly maxBytes: number
  /** Read no more keys in a second. */
  readonly keysPerSecond?: number | undefined
}

/** What a key holds; undefined: more than was asked for. */
export interface StoredPayload {
  readonly key: Buffer
  readonly payload: Buffer | undefined
}

/** Keys that one call takes: with payloads of 10 KiB a MiB on the wire. */
const pageSize = 100
/** Payloads of one call, in bytes: those beyond come one by one. */
const pageBytes = 4 * 2 ** 20

// A key of another type, and a hash without the field, is no session.
const pageScript = `
local field, maxBytes, left = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local found = {page[1], #page[2]}
for _, key in ipairs(page[2]) do
  if left <= 0 then
    found[#found + 1] = key
    found[#found + 1] = 1
  else
    local value
    if field == '' then value = redis.pcall('GET', key) else value = redis.pcall('HGET', key, field) end
    if type(value) == 'string' then
      left = left - #value
      found[#found + 1] = key
      if #value > maxBytes then found[#found + 1] = 0 else found[#found + 1] = value end
    end
  end
end
return found
`

const oneScript = `
local value
if ARGV[1] == '' then value = redis.pcall('GET', KEYS[1]) else value = redis.pcall('HGET', KEYS[1], ARGV[1]) end
if type(value) ~= 'string' then return false end
if #value > tonumber(ARGV[2]) then return 0 end
return value
`

/** The payloads of every session under the prefix, page by page, for those that only a reader of ours can read. Throws a `RedisError`. */
export async function* readPayloads(
  connection: RedisConnection,
  keyPrefix: string,
  { field = '', maxBytes, keysPerSecond, ...options }: PayloadOptions,
): AsyncGenerator<readonly StoredPayload[], void> {
  const size = pageAt(keysPerSecond, pageSize)
  const rest = atMost(keysPerSecond, options.signal)
  let sent = 0
  let cursor = '0'
  do {
    const command = ['EVAL', pageScript, 0, cursor, under(keyPrefix), size, field, maxBytes, pageBytes] as const
    const [next, examined, ...found] = list(await connection.callBinary(command, options))
    cursor = String(next ?? '0')
    const page: StoredPayload[] = []
    for (let at = 0; at < found.length; at += 2) {
      const [key, payload] = [found[at] as Buffer, found[at + 1]]
      if (payload === later) {
        yield await readOne(connection, key, field, { ...options, maxBytes })
        continue
      }
      page.push({ key, payload: Buffer.isBuffer(payload) ? payload : undefined })
    }
    yield page
    sent += Number(examined)
    if (cursor !== '0') await rest(sent)
  } while (cursor !== '0')
}

/** In the place of a payload that comes by itself. */
const later = 1

const readOne = async (
  connection: RedisConnection,
  key: Buffer,
  field: string,
  { maxBytes, ...options }: RedisCallOptions & { readonly maxBytes: number },
): Promise<readonly StoredPayload[]> => {
  const payload = await connection.callBinary(['EVAL', oneScript, 1, key, field, maxBytes], options)
  if (payload === null) return []
  return [{ key, payload: Buffer.isBuffer(payload) ? payload : undefined }]
}

/** The payload of one session; undefined when it is not there, or of another type. Throws a `RedisError`. */
export const readPayload = async (
  connection: RedisConnection,
  key: Buffer,
  { field = '', ...options }: Omit<PayloadOptions, 'keysPerSecond'>,
): Promise<StoredPayload | undefined> => (await readOne(connection, key, field, options))[0]

const list = (reply: BinaryReply): readonly BinaryReply[] =>
  reply !== null && typeof reply === 'object' && !Buffer.isBuffer(reply) ? reply : []
