import { greeting, introduction, outsideTheSession, plainUri, signedId, withColon } from '../forms.ts'
import type { Preset } from '../preset.ts'

/** Over node-redis; connect-redis' `touch` is never called, so no `EXPIRE`. */
export const fastify: Preset = {
  name: 'fastify',
  library: '@fastify/session 11.1 with connect-redis 9',
  keys: ['<prefix>:<id>'],
  payload: 'JSON',
  principal: 'where the application puts it',
  lifetime: "the cookie's, else 24 h; renewed by each request",
  revives: 'each, with `rolling: true` (the default)',
  commands: (version) => ['+get', '+set', '+del', ...greeting, ...introduction(version)],
  keysOfId: signedId,
  libraryPrefix: withColon,
  uri: plainUri,
  immortalRemedy:
    'connect-redis writes no time to live when `disableTTL: true` is set: remove it, or set `ttl` (seconds) in new RedisStore({...})',
  notCovered: outsideTheSession,
  fenceCost: 'While fenced, every request that has a session ends with HTTP 500: it is written back on each request.',
}
