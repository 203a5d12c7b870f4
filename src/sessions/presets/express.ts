import { greeting, introduction, outsideTheSession, plainUri, signedId, withColon } from '../forms.ts'
import type { Preset } from '../preset.ts'

/** Takes node-redis alone, not ioredis. */
export const express: Preset = {
  name: 'express',
  library: 'express-session 1.19 with connect-redis 9 or 10',
  keys: ['<prefix>:<id>'],
  payload: 'JSON',
  principal: "where the application puts it; Passport's is `passport.user`",
  lifetime: "the cookie's, else 24 h; renewed by each request",
  revives: 'with `resave: true` (the default) each, with `false` one that changes the session',
  commands: (version) => ['+get', '+set', '+expire', '+del', ...greeting, ...introduction(version)],
  principalPath: ['passport', 'user'],
  keysOfId: signedId,
  libraryPrefix: withColon,
  uri: plainUri,
  immortalRemedy:
    'connect-redis writes no time to live when `disableTTL: true` is set: remove it, or set `ttl` (seconds) in new RedisStore({...})',
  notCovered: outsideTheSession,
  fenceCost:
    'While fenced, a request that saves its session gets an error from the store: express-session answers 200, but the session is not stored, so nobody can log in.',
}
