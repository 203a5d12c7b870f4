import { greeting, outsideTheSession, plainId, withColon } from '../forms.ts'
import type { Preset } from '../preset.ts'

/** PHP's session handler of the phpredis extension; its `save_path` is a URL with the login in the query. */
export const phpredis: Preset = {
  name: 'phpredis',
  library: "phpredis 5.3's session handler (PHP 8.2)",
  keys: ['<prefix>:<id>'],
  payload: 'PHP session',
  principal: 'where the application puts it',
  lifetime: '`session.gc_maxlifetime`, 24 minutes; renewed by each request',
  revives: 'one that changes the session',
  commands: () => ['+get', '+setex', '+expire', '+del', '+exists', ...greeting],
  keysOfId: plainId,
  libraryPrefix: withColon,
  // The handler decodes what is in the query (php's url parser); the prefix ends with its colon.
  uri: ({ scheme, host, port, username, password, keyPrefix }) =>
    `${scheme === 'rediss' ? 'tls' : 'tcp'}://${host}:${port}?auth[]=${username}&auth[]=${password}&database=0&prefix=${keyPrefix}:`,
  setUp:
    "`session.save_path` from the Secret's `uri`; `session.use_strict_mode = 1`, or a session id that somebody chose is taken; no `redis.session.locking_enabled`: its locks are commands that the preset does not grant",
  immortalRemedy: 'phpredis always writes a time to live: look for who else writes below the prefix',
  notCovered: outsideTheSession,
  fenceCost:
    'While fenced, every request that has a session ends with HTTP 500: the handler renews it on each request.',
}
