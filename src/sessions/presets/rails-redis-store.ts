import { asItIs, hashedId } from '../forms.ts'
import type { Preset } from '../preset.ts'

/**
 * Reads `<ns>:2::<sha256>` and, on a miss, the older `<ns>:<id>`. redis-store's URL parser drops a username in front of the `@`; in the query it is
 * kept (measured with 1.9.0).
 */
export const railsRedisStore: Preset = {
  name: 'rails-redis-store',
  library: 'Rails 6.1 with redis-actionpack 5.3, redis-rack 2.1 and redis-store 1.9',
  keys: ['<prefix>:2::<SHA-256 of the id>'],
  payload: 'Ruby Marshal',
  principal: "where the application puts it; Devise's is `warden.user.<scope>.key`",
  lifetime: 'none, unless `expire_after` is set; then renewed by each request',
  revives: 'each',
  commands: () => ['+get', '+set', '+setex', '+del', '+ping', '+select|0', '+auth', '+client|setname'],
  principalPath: ['warden.user.user.key', '0', '0'],
  keysOfId: hashedId,
  libraryPrefix: asItIs,
  uri: ({ scheme, host, port, username, password, keyPrefix }) =>
    `${scheme}://:${password}@${host}:${port}/0/${keyPrefix}?username=${username}`,
  immortalRemedy:
    'redis-store writes no time to live unless the application sets one: add `expire_after: 30.minutes` to `config.session_store :redis_store`',
  notCovered: [
    'redis-rack writes an empty session for each unknown cookie that comes in: keys that appear after a flush are those, not the old sessions.',
    'Devise remember-me cookies log people in again without a session: rotate their salt, or forget them in the database.',
    'Sessions in cookies (CookieStore) are not in Redis: change secret_key_base to end those.',
    'An Action Cable connection that was opened before goes on until the application closes it.',
  ],
  fenceCost:
    'While fenced, every request that has a session ends with HTTP 500: redis-rack writes the session back on each request.',
}
