import type { Argument, RedisCallOptions, RedisConnection, Reply } from './connection.ts'
import { luaPattern, under } from './glob.ts'
import { keepUp, type KeepUpOptions } from './keep-up.ts'
import { keptMs } from './visit-keys.ts'

/**
 * The database that sessions are moved to when all of them end at once. No client's rights reach it (`SELECT` is granted for 0 alone). A script's own `SELECT` ends with it, and is
 * replicated with what it wrote; `SWAPDB` in a script works on Redis 7.0.15, 8.0.2, 8.0.6, Valkey 8.1.1 and 9.1.2 (tried).
 */
const asideDatabase = 1

/** How many databases a server needs for it. */
export const databases = asideDatabase + 1

/** Which keys are meant, and where what is known of them is kept. */
export interface Aside {
  readonly keyPrefix: string
  /** Keys that many sessions share, as patterns after `<prefix>:` in which `*` is any text: indexes, which new sessions make again under the same name. */
  readonly shared: readonly string[]
  /** The set that names are remembered in. */
  readonly guard: string
  /**
   * A hash that says that it was done: how many `keys` there were, how many of them are `left` to be accounted for, and how many names were added to the set (`named`). It is in
   * the same database as what came after: whoever takes over must not swap once more.
   */
  readonly marker: string
}

/** Keys that one call moves: 1 ms of the server's time. */
const pageSize = 200

// In these scripts `0 - n`: Lua writes `-n` of nothing as -0, which is no integer to Redis.
const mark = '#!lua flags=allow-oom\n'

/** What was there before belongs to a flush that was taken away by force, and is revoked. */
const swapScript = `${mark}
local known = redis.call('HGET', KEYS[1], 'keys')
if known then return {'done', known} end
local keys = redis.call('DBSIZE')
if tonumber(ARGV[1]) >= 0 and keys > tonumber(ARGV[1]) then return {'tooMany', keys} end
redis.call('SELECT', ${asideDatabase})
redis.call('FLUSHDB', 'ASYNC')
redis.call('SELECT', 0)
redis.call('SWAPDB', 0, ${asideDatabase})
redis.call('HSET', KEYS[1], 'keys', keys, 'left', keys, 'named', 0)
redis.call('PEXPIRE', KEYS[1], '${keptMs}')
return {'done', keys}
`

/** Needs `ARGV[first]`: how many patterns there are, which follow; gives `isShared(key)` and `last`, the place of the last pattern. */
const sharedLua = (first: number): string => `
local last = ${first} + tonumber(ARGV[${first}])
local function isShared(key)
  for at = ${first} + 1, last do
    if string.match(key, ARGV[at]) then return true end
  end
  return false
end
`

// Without the marker nothing may be touched any more: who comes after sees that it is lost.
const ifMarked = (otherwise: string): string => `
if not redis.call('HGET', KEYS[2], 'keys') then return ${otherwise} end
`

const rememberScript = `${mark}
${sharedLua(4)}
${ifMarked("{'0', 0}")}
redis.call('SELECT', ${asideDatabase})
local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local names = {}
for _, key in ipairs(page[2]) do
  if not isShared(key) then names[#names + 1] = key end
end
local gone = 0
if #page[2] > 0 then gone = redis.call('UNLINK', unpack(page[2])) end
redis.call('SELECT', 0)
redis.call('HINCRBY', KEYS[2], 'left', 0 - gone)
if #names > 0 then
  redis.call('HINCRBY', KEYS[2], 'named', redis.call('SADD', KEYS[1], unpack(names)))
  redis.call('PEXPIRE', KEYS[1], '${keptMs}')
end
return {page[1], #names}
`

/** Deletes those of \`names\` that are sessions of before. A name is either in the other database or in the set: it goes from one to the other in one step. */
const judgeLua = `
local aside, back = {}, 0
redis.call('SELECT', ${asideDatabase})
for at, name in ipairs(names) do aside[at] = redis.call('EXISTS', name) == 1 end
redis.call('SELECT', 0)
for at, name in ipairs(names) do
  if not isShared(name) and (aside[at] or redis.call('SISMEMBER', KEYS[1], name) == 1) then
    back = back + redis.call('UNLINK', name)
  end
end
`

const judgeScript = `${mark}
${sharedLua(1)}
local names = {}
for at = last + 1, #ARGV do names[#names + 1] = ARGV[at] end
${judgeLua}
return back
`

const lookScript = `${mark}
${sharedLua(4)}
${ifMarked("{'0', 0}")}
local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local names = page[2]
${judgeLua}
return {page[1], back}
`

const goneScript = `${mark}
${sharedLua(1)}
${ifMarked('0')}
local back = 0
redis.call('HINCRBY', KEYS[2], 'left', last - #ARGV)
for at = last + 1, #ARGV do
  if not isShared(ARGV[at]) then
    redis.call('HINCRBY', KEYS[2], 'named', redis.call('SADD', KEYS[1], ARGV[at]))
    back = back + redis.call('UNLINK', ARGV[at])
  end
end
redis.call('PEXPIRE', KEYS[1], '${keptMs}')
return back
`

const patterns = ({ keyPrefix, shared }: Aside): readonly Argument[] => [
  shared.length,
  ...shared.map((pattern) => luaPattern(keyPrefix, pattern)),
]

/** How many keys were put aside, by this call or an earlier one; `tooMany`: more than `most` were there, and nothing was done. */
export interface SetAside {
  readonly outcome: 'done' | 'tooMany'
  readonly keys: number
}

/**
 * Puts every key aside at once: the clients' next command finds an empty database. Takes as long for a million keys as for one (0.5 ms, Redis 8.0.2). Doing it
 * again does nothing. Throws a `RedisError`.
 */
export const setAside = async (
  connection: RedisConnection,
  { marker }: Aside,
  { most, ...options }: RedisCallOptions & { readonly most?: number | undefined } = {},
): Promise<SetAside> => {
  const reply = await connection.call(['EVAL', swapScript, 1, marker, most ?? -1], options)
  const [outcome, keys] = Array.isArray(reply) ? reply : []
  return { outcome: outcome === 'tooMany' ? 'tooMany' : 'done', keys: Number(keys ?? 0) }
}

/** Goes page by page: each call takes the next cursor, and adds what it did; `after` hears what that is so far. */
const pages = async (
  call: (cursor: string) => Promise<Reply>,
  after: (soFar: number) => Promise<void> = () => Promise.resolve(),
): Promise<number> => {
  let sum = 0
  let cursor = '0'
  do {
    const reply = await call(cursor)
    const [next, count] = Array.isArray(reply) ? reply : []
    cursor = String(next ?? '0')
    sum += Number(count ?? 0)
    await after(sum)
  } while (cursor !== '0')
  return sum
}

const restScript = `
if not redis.call('HGET', KEYS[1], 'keys') then return end
redis.call('SELECT', ${asideDatabase})
local keys = redis.call('DBSIZE')
redis.call('FLUSHDB', 'ASYNC')
redis.call('SELECT', 0)
redis.call('HINCRBY', KEYS[1], 'left', 0 - keys)
`

// What is aside is another flush's when the marker is not there.
const forgetScript = `
if redis.call('UNLINK', KEYS[1]) == 0 then return end
redis.call('SELECT', ${asideDatabase})
redis.call('FLUSHDB', 'ASYNC')
`

/**
 * Remembers the names of what is aside, and deletes it: memory comes back as it goes on. Names of what ends by itself meanwhile are told by events
 * (`rememberGone`); `accountOf` says whether any never were. Throws a `RedisError`.
 */
export const rememberAside = async (
  connection: RedisConnection,
  aside: Aside,
  { replicas, ...options }: KeepUpOptions = {},
): Promise<void> => {
  const { guard, marker, keyPrefix } = aside
  const rest = [under(keyPrefix), pageSize, ...patterns(aside)]
  await pages(
    async (cursor) => await connection.call(['EVAL', rememberScript, 2, guard, marker, cursor, ...rest], options),
    keepUp(connection, { replicas, ...options }),
  )
  // What is left is not under the prefix: a probe of ours.
  await connection.call(['EVAL', restScript, 1, marker], options)
}

/** What became of the keys that were put aside. */
export interface Account {
  /** How many there were. */
  readonly keys: number
  /** How many of them ended by themselves, and nobody heard their names, yet. */
  readonly left: number
  /** How many names were remembered, and how many still are. */
  readonly named: number
  readonly names: number
}

/** Undefined when it was not done, or that is not known any more. Throws a `RedisError`. */
export const accountOf = async (
  connection: RedisConnection,
  { marker, guard }: Aside,
  options: RedisCallOptions = {},
): Promise<Account | undefined> => {
  const numbers = await Promise.all(
    ['keys', 'left', 'named'].map(async (field) => await connection.call(['HGET', marker, field], options)),
  )
  const names = Number(await connection.call(['SCARD', guard], options))
  const [keys, left, named] = numbers
  if (keys === null) return undefined
  return { keys: Number(keys), left: Number(left), named: Number(named), names }
}

/** Looks at every key that there is now, and deletes what is a session of before; returns how many. Throws a `RedisError`. */
export const lookForReturned = async (
  connection: RedisConnection,
  aside: Aside,
  options: RedisCallOptions = {},
): Promise<number> => {
  const rest = [under(aside.keyPrefix), pageSize, ...patterns(aside)]
  return await pages(
    async (cursor) =>
      await connection.call(['EVAL', lookScript, 2, aside.guard, aside.marker, cursor, ...rest], options),
  )
}

/** Deletes those of some keys that are sessions of before; returns how many. Throws a `RedisError`. */
export const deleteReturned = async (
  connection: RedisConnection,
  aside: Aside,
  names: readonly Buffer[],
  options: RedisCallOptions = {},
): Promise<number> =>
  Number(await connection.call(['EVAL', judgeScript, 1, aside.guard, ...patterns(aside), ...names], options))

/** Remembers names of sessions that ended by themselves while they were aside, and deletes those that are back; returns how many. Throws a `RedisError`. */
export const rememberGone = async (
  connection: RedisConnection,
  aside: Aside,
  names: readonly Buffer[],
  options: RedisCallOptions = {},
): Promise<number> =>
  Number(
    await connection.call(['EVAL', goneScript, 2, aside.guard, aside.marker, ...patterns(aside), ...names], options),
  )

/** How many keys are aside; also works on a replica. Throws a `RedisError`. */
export const countAside = async (connection: RedisConnection, options: RedisCallOptions = {}): Promise<number> =>
  Number(
    await connection.call(['EVAL', `redis.call('SELECT', ${asideDatabase}) return redis.call('DBSIZE')`, 0], options),
  )

/** Deletes what this flush has put aside, and what says so; of another one nothing. Throws a `RedisError`. */
export const forgetAside = async (
  connection: RedisConnection,
  marker: string,
  options: RedisCallOptions = {},
): Promise<void> => {
  await connection.call(['EVAL', forgetScript, 1, marker], options)
}

/** Deletes whatever is aside, of whomever. Throws a `RedisError`. */
export const emptyAside = async (connection: RedisConnection, options: RedisCallOptions = {}): Promise<void> => {
  await connection.call(['EVAL', `redis.call('SELECT', ${asideDatabase}) redis.call('FLUSHDB', 'ASYNC')`, 0], options)
}

/** Events that tell of a key that was not there, and of keys that end by themselves while they are aside. */
export const channels = {
  made: '__keyevent@0__:new',
  gone: [`__keyevent@${asideDatabase}__:expired`, `__keyevent@${asideDatabase}__:evicted`],
} as const
