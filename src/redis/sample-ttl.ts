import type { RedisCallOptions, RedisConnection } from './connection.ts'

/** Upper bounds of times to live, in s: from a sliding half hour to a month of "remember me". */
export const ttlBounds = [60, 300, 900, 1_800, 3_600, 14_400, 43_200, 86_400, 604_800, 2_592_000] as const

/** What a look at some keys says of all of them. */
export interface TtlSample {
  /** Keys that were looked at, one of them perhaps more than once. */
  readonly looked: number
  /** How many of them had no more left than each of `ttlBounds`; each counts those of the one before too. */
  readonly within: readonly number[]
  /** How many had no end. */
  readonly endless: number
}

/** Half a ms of the server's time (Redis 7.0.15); a share of a tenth is right to 3 hundredths, nineteen times of twenty. */
const sampleSize = 500

// Keys and times stay in the server.
const script = `
local size, prefix = tonumber(ARGV[1]), ARGV[2]
local looked, endless, within = 0, 0, {}
for at = 3, #ARGV do within[at - 2] = 0 end
for _ = 1, size do
  local key = redis.call('RANDOMKEY')
  if not key then break end
  if string.sub(key, 1, #prefix) == prefix then
    looked = looked + 1
    local left = redis.call('PTTL', key)
    if left < 0 then
      endless = endless + 1
    else
      for at = 3, #ARGV do
        if left <= tonumber(ARGV[at]) * 1000 then within[at - 2] = within[at - 2] + 1 end
      end
    end
  end
end
return {looked, endless, unpack(within)}
`

/** Looks at some keys under the prefix by chance. Throws a `RedisError`. */
export const sampleTtl = async (
  connection: RedisConnection,
  keyPrefix: string,
  options: RedisCallOptions = {},
): Promise<TtlSample> => {
  const reply = await connection.call(['EVAL', script, 0, sampleSize, `${keyPrefix}:`, ...ttlBounds], options)
  const [looked = 0, endless = 0, ...within] = Array.isArray(reply) ? reply.map(Number) : []
  return { looked, endless, within }
}
