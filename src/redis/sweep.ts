import { timeFieldLua, type TimeField } from './time-field.ts'
import { luaPattern, under } from './glob.ts'
import type { Clock } from './pace.ts'
import type { RedisCallOptions, RedisConnection } from './connection.ts'
import { paced } from './pace.ts'

/** How long keys may live, and which this does not concern. */
export interface TtlLimits {
  /** Given to a key that has no time to live, in ms. */
  readonly defaultMs: number
  /** No key keeps more than this, in ms; undefined: no limit. */
  readonly maxMs: number | undefined
  /** No session is kept longer than this after its beginning, in ms, however often it is renewed; undefined: no limit. */
  readonly absoluteMs: number | undefined
  /** Where a session says when it began; undefined: it does not. */
  readonly birth: TimeField | undefined
  /** Patterns of keys that are left alone, after `<prefix>:`; `*` is any text. */
  readonly exempt: readonly string[]
}

/** What was found of the keys under the prefix, and what was done about it. */
export interface SweepResult {
  readonly examined: number
  /** Had no time to live. */
  readonly immortal: number
  /** Had more than the maximum. */
  readonly overMax: number
  /** Had begun too long ago, or were the rest of a session that had been deleted. */
  readonly tooOld: number
  /** Times to live that were set or shortened. */
  readonly corrected: number
  /** Sessions that were ended for their age. */
  readonly ended: number
}

export interface SweepOptions extends RedisCallOptions {
  /** Called with what each page has done: a sweep may break off. */
  readonly onPage?: (done: Pick<SweepResult, 'corrected' | 'ended'>) => void
}

/** Keys that one call looks at: about 1 ms of the server's time (0.7 ms p50 at 200 keys, Redis 7.0.15). */
const pageSize = 200

// One page in the server: keys, values and times stay there. A script runs alone, so a session that its library renews meanwhile is not judged by what was
// read before.
const pageScript = `
local act, default, max, absolute, field = ARGV[4] == '1', tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]
local hashes = ARGV[9]
${timeFieldLua}local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function exempt(key)
  for at = 10, #ARGV do
    if string.match(key, ARGV[at]) then return true end
  end
  return false
end
local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local immortal, over, old, corrected, ended = 0, 0, 0, 0, 0
for _, key in ipairs(page[2]) do
  if not exempt(key) then
    local birth = absolute > 0 and timeIn(key) or nil
    local left = redis.call('PTTL', key)
    if birth and now - birth >= absolute then
      old = old + 1
      if act then ended = ended + redis.call('UNLINK', key) end
    elseif left == -1 then
      immortal = immortal + 1
      if act then corrected = corrected + redis.call('PEXPIRE', key, default) end
    elseif max > 0 and left > max then
      over = over + 1
      if act then corrected = corrected + redis.call('PEXPIRE', key, max) end
    end
  end
end
return {page[1], #page[2], immortal, over, old, corrected, ended}
`

/**
 * Looks at every key under the prefix once, paced so that clients hardly notice: counts what breaks the limits and, with `act`, puts it right. Throws a
 * `RedisError`.
 */
export const sweepTtl = async (
  connection: RedisConnection,
  keyPrefix: string,
  limits: TtlLimits,
  act: boolean,
  clock: Clock,
  options: SweepOptions = {},
): Promise<SweepResult> => {
  const birth = limits.absoluteMs === undefined ? undefined : limits.birth
  const fixed = [
    under(keyPrefix),
    pageSize,
    act ? 1 : 0,
    limits.defaultMs,
    limits.maxMs ?? 0,
    birth ? (limits.absoluteMs ?? 0) : 0,
    birth?.field ?? '',
    luaPattern(keyPrefix, birth?.keys ?? ''),
    ...limits.exempt.map((pattern) => luaPattern(keyPrefix, pattern)),
  ]
  const sums = [0, 0, 0, 0, 0, 0]
  let cursor = '0'
  do {
    const page = await paced(
      clock,
      options.signal,
      async () => await connection.call(['EVAL', pageScript, 0, cursor, ...fixed], options),
    )
    const [next, ...counts] = Array.isArray(page) ? page : []
    cursor = String(next ?? '0')
    counts.forEach((count, index) => (sums[index] = (sums[index] ?? 0) + Number(count)))
    const [corrected, ended] = counts.slice(-2).map(Number)
    options.onPage?.({ corrected: corrected ?? 0, ended: ended ?? 0 })
  } while (cursor !== '0')
  const [examined = 0, immortal = 0, overMax = 0, tooOld = 0, corrected = 0, ended = 0] = sums
  return { examined, immortal, overMax, tooOld, corrected, ended }
}
