import { greeting, introduction, outsideTheSession, plainId, plainUri, withColon } from '../forms.ts'
import type { Preset } from '../preset.ts'

/**
 * Commands that a client of one's own can be given: those that touch only keys that they name, so that its prefix holds. None shows keys of others (SCAN, KEYS, RANDOMKEY,
 * DBSIZE), none runs others (EVAL), none waits on the server (BLPOP); and no MULTI, whose queued writes a fence does not stop on every version (redis#15673).
 */
export const customCommands = [
  'get', 'set', 'setex', 'psetex', 'setnx', 'getex', 'getdel', 'mget', 'mset', 'append', 'strlen',
  'incr', 'incrby', 'decr', 'decrby', 'del', 'unlink', 'exists', 'type', 'rename',
  'expire', 'pexpire', 'expireat', 'pexpireat', 'persist', 'ttl', 'pttl', 'touch',
  'hget', 'hset', 'hsetnx', 'hmget', 'hmset', 'hgetall', 'hdel', 'hexists', 'hkeys', 'hlen', 'hincrby',
  'sadd', 'srem', 'smembers', 'sismember', 'scard',
  'zadd', 'zrem', 'zrange', 'zrevrange', 'zrangebyscore', 'zrevrangebyscore', 'zscore', 'zcard',
  'lpush', 'rpush', 'lrange', 'lrem', 'llen', 'ltrim',
] as const // prettier-ignore

/** What a person says of a library that has no preset. */
export interface CustomClient {
  readonly commands: readonly (typeof customCommands)[number][]
  readonly notCovered?: readonly string[] | undefined
}

/** A preset of one's own, as far as it is known. */
export const customPreset = ({ commands, notCovered = [] }: CustomClient): Preset => ({
  name: 'Custom',
  library: 'a library of your own',
  keys: ['<prefix>:…'],
  payload: 'unknown',
  principal: 'not known',
  lifetime: 'not known',
  revives: 'not known: expect each',
  commands: (version) => [...commands.map((command) => `+${command}`), ...greeting, ...introduction(version)],
  keysOfId: plainId,
  libraryPrefix: withColon,
  uri: plainUri,
  immortalRemedy: 'find the option of your library that sets a time to live',
  notCovered: [...notCovered, ...outsideTheSession],
  fenceCost: 'While fenced, every write of a session is refused (NOPERM): what people see then depends on the library.',
})
