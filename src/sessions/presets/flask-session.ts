import { greeting, introduction, outsideTheSession, plainUri, signedId, withColon } from '../forms.ts'
import type { Preset } from '../preset.ts'

export const flaskSession: Preset = {
  name: 'flask-session',
  library: 'Flask-Session 0.8 with redis-py',
  keys: ['<prefix>:<id>'],
  payload: 'MessagePack',
  principal: "where the application puts it; Flask-Login's is `_user_id`",
  lifetime: '31 days; renewed by each request',
  revives: 'each, with SESSION_REFRESH_EACH_REQUEST (the default)',
  commands: (version) => ['+get', '+set', '+del', ...greeting, ...introduction(version)],
  principalPath: ['_user_id'],
  keysOfId: signedId,
  libraryPrefix: withColon,
  uri: plainUri,
  setUp: '`SESSION_KEY_PREFIX` from the Secret, `SESSION_REDIS = Redis.from_url(uri)`',
  immortalRemedy: 'Flask-Session always writes a time to live: look for who else writes below the prefix',
  notCovered: outsideTheSession,
  fenceCost: 'While fenced, every request that has a session ends with HTTP 500: it is written back on each request.',
}
