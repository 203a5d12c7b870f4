import { greeting, outsideTheSession, plainId, plainUri, withColon } from '../forms.ts'
import type { Preset } from '../preset.ts'

/** Over redigo. It asks PING for each connection that it takes from its pool. */
export const gorillaRedistore: Preset = {
  name: 'gorilla-redistore',
  library: 'gorilla/sessions 1.4 with boj/redistore 1.4',
  keys: ['<prefix>:<id>'],
  payload: 'Go gob',
  principal: 'where the application puts it',
  lifetime: '30 days; renewed by each `Save`',
  revives: 'one that saves the session, under the same id: the signed cookie has it',
  commands: () => ['+get', '+setex', '+del', ...greeting],
  keysOfId: plainId,
  reusesIds: true,
  libraryPrefix: withColon,
  uri: plainUri,
  setUp: '`NewRediStoreWithURL` with the `uri`, then `SetKeyPrefix` (its own is `session_`)',
  immortalRemedy: 'redistore always writes a time to live: look for who else writes below the prefix',
  notCovered: outsideTheSession,
  fenceCost:
    'While fenced, a request that saves its session gets an error from `Save`, a login included; who only reads goes on.',
}
