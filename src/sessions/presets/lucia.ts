import { greeting, introduction, outsideTheSession, plainUri, withColon } from '../forms.ts'
import type { Preset } from '../preset.ts'

/** The Redis adapter is of Lucia 2; Lucia 3 has none. */
export const lucia: Preset = {
  name: 'lucia',
  library: 'Lucia 2.7 with @lucia-auth/adapter-session-redis 2.1',
  keys: ['<prefix>:session:<id>', '<prefix>:user_sessions:<user>, a set of ids'],
  payload: 'JSON',
  principal: '`user_id` of the session',
  lifetime: "`sessionExpiresIn`: 24 h active, 14 days idle; renewed in the idle period, by a new session's end",
  revives: 'one that updates the session (it reads, then writes)',
  commands: (version) => ['+get', '+set', '+del', '+sadd', '+srem', '+smembers', ...greeting, ...introduction(version)],
  endless: ['user_sessions:*'],
  principalPath: ['user_id'],
  keysOfId: (id) => [`session:${id}`],
  principalIndex: {
    set: (principal) => `user_sessions:${principal}`,
    idOf: (member) => Buffer.from(member).toString(),
  },
  libraryPrefix: withColon,
  uri: plainUri,
  setUp:
    "the adapter's prefixes: `{ session: `${prefix}session`, userSessions: `${prefix}user_sessions` }`; with ioredis `enableReadyCheck: false`",
  immortalRemedy: 'the adapter always writes a time to live: look for who else writes below the prefix',
  notCovered: outsideTheSession,
  fenceCost: 'While fenced, nobody can log in or out (HTTP 500); who is logged in goes on.',
}
