import { greeting, introduction, outsideTheSession, plainId, plainUri, withColon } from '../forms.ts'
import type { Preset } from '../preset.ts'

/** With the store for go-redis. The one for redigo writes in transactions, which the preset does not grant. */
export const scs: Preset = {
  name: 'scs',
  library: 'alexedwards/scs 2.9 with goredisstore',
  keys: ['<prefix>:<token>'],
  payload: 'Go gob',
  principal: 'where the application puts it',
  lifetime: '24 h from the login on, whatever is done meanwhile (`Lifetime`); `IdleTimeout` is off',
  revives: 'one that changes the session; with `IdleTimeout` each',
  // Iterate() would need SCAN, which shows key names of others.
  commands: (version) => ['+get', '+set', '+del', ...greeting, ...introduction(version)],
  keysOfId: plainId,
  libraryPrefix: withColon,
  uri: plainUri,
  setUp: '`goredisstore.NewWithPrefix(client, prefix)`; `Iterate` is refused: it needs SCAN',
  immortalRemedy: 'scs always writes a time to live: look for who else writes below the prefix',
  notCovered: outsideTheSession,
  fenceCost:
    "While fenced, a request that changes its session ends with what the application's ErrorFunc answers (HTTP 500), a login included; who only reads goes on.",
}
