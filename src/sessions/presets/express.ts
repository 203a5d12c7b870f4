import type { Preset } from '../preset.ts'

/**
 * express-session 1.19 with connect-redis 9 or 10, which takes node-redis. Commands measured by running them; `client|setinfo`
 * is unknown to servers before 7.2, where it would make the whole `ACL SETUSER` fail.
 */
export const express: Preset = {
  name: 'express',
  library: 'express-session with connect-redis',
  commands: ({ major, minor }) => [
    '+get',
    '+set',
    '+expire',
    '+del',
    '+hello',
    '+auth',
    '+ping',
    '+select|0',
    '+client|setname',
    ...(major > 7 || (major === 7 && minor >= 2) ? ['+client|setinfo'] : []),
  ],
  libraryPrefix: (keyPrefix) => `${keyPrefix}:`,
  uri: ({ scheme, host, port, username, password }) => `${scheme}://${username}:${password}@${host}:${port}/0`,
  immortalRemedy:
    'connect-redis writes no time to live when `disableTTL: true` is set: remove it, or set `ttl` (seconds) in new RedisStore({...})',
  notCovered: [
    'Tokens that the application keeps outside the session (a JWT, a remember-me cookie, OAuth refresh tokens) stay valid.',
    'A WebSocket or server-sent-events connection that was opened before goes on until the application closes it.',
  ],
  fenceCost:
    'While fenced, a request that saves its session gets an error from the store: express-session answers 200, but the session is not stored, so nobody can log in.',
}
