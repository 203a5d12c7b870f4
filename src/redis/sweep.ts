import type { Clock } from './pace.ts'
import type { RedisCallOptions, RedisConnection } from './connection.ts'
import { paced } from './pace.ts'

export interface TtlLimits {
  /** Given to a key that has no time to live, in ms. */
  readonly defaultMs: number
  /** No key keeps more than this, in ms; undefined: no limit. */
  readonly maxMs: number | undefined
}

export interface SweepResult {
  readonly examined: number
  readonly corrected: number
}

/** Keys that one call looks at: about 1 ms of the server's time (0.7 ms p50 at 200 keys, Redis 7.0.15). */
const pageSize = 200

// One page in the server: keys and times stay there. PEXPIRE NX and LT decide and act in one step, so a session that its library
// renews meanwhile is not shortened by what we read before.
const pageScript = `
local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local corrected = 0
for _, key in ipairs(page[2]) do
  local changed = redis.call('PEXPIRE', key, ARGV[4], 'NX')
  if changed == 0 and ARGV[5] ~= '0' then changed = redis.call('PEXPIRE', key, ARGV[5], 'LT') end
  corrected = corrected + changed
end
return {page[1], #page[2], corrected}
`

/** Looks at every key under the prefix once and corrects its time to live, paced so that clients hardly notice. */
export const sweepTtl = async (
  connection: RedisConnection,
  keyPrefix: string,
  limits: TtlLimits,
  clock: Clock,
  options: RedisCallOptions = {},
): Promise<SweepResult> => {
  let examined = 0
  let corrected = 0
  let cursor = '0'
  do {
    const page = await paced(clock, options.signal, async () => {
      return await connection.call(
        ['EVAL', pageScript, 0, cursor, `${escapeGlob(keyPrefix)}:*`, pageSize, limits.defaultMs, limits.maxMs ?? 0],
        options,
      )
    })
    const [next, count, changed] = Array.isArray(page) ? page : []
    cursor = String(next ?? '0')
    examined += Number(count ?? 0)
    corrected += Number(changed ?? 0)
  } while (cursor !== '0')
  return { examined, corrected }
}

/** A prefix as a glob that matches it and nothing else. */
export const escapeGlob = (text: string): string => text.replaceAll(/[\\*?[\]]/g, (character) => `\\${character}`)
