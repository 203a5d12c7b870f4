import { greeting, outsideTheSession, plainId, plainUri, withColon } from '../forms.ts'
import type { Preset } from '../preset.ts'

/** Over ioredis, which koa-redis brings along. */
export const koa: Preset = {
  name: 'koa',
  library: 'koa-session 7.0 with koa-redis 4.0',
  keys: ['<prefix>:<id>'],
  payload: 'JSON',
  principal: 'where the application puts it',
  lifetime: '24 h and 10 s; renewed by a request that changes the session, with `rolling: true` by each',
  revives: 'one that changes the session; with `rolling: true` each',
  commands: () => ['+get', '+set', '+setex', '+del', ...greeting],
  keysOfId: plainId,
  libraryPrefix: withColon,
  uri: plainUri,
  setUp:
    '`prefix` of koa-session from the Secret (its own is empty); `enableReadyCheck: false`, or ioredis asks for `INFO`, which it may not and can do without',
  immortalRemedy:
    "koa-redis writes no time to live when koa-session's `maxAge` is 'session': set it to a number of milliseconds",
  notCovered: outsideTheSession,
  fenceCost:
    'While fenced, a request that changes its session ends with HTTP 500, a login included; who only reads goes on.',
}
