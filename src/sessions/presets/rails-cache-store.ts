import { asItIs, greeting, hashedId, plainUri } from '../forms.ts'
import type { Preset } from '../preset.ts'

/** `ActionDispatch::Session::CacheStore` over `ActiveSupport::Cache::RedisCacheStore`, which answers an error of Redis as if there were nothing. */
export const railsCacheStore: Preset = {
  name: 'rails-cache-store',
  library: 'Rails 6.1, session store `:cache_store` on a RedisCacheStore, with redis-rb 4.8',
  keys: ['<prefix>:_session_id:2::<SHA-256 of the id>'],
  payload: 'Ruby Marshal, in a cache entry',
  principal: "where the application puts it; Devise's is `warden.user.<scope>.key`",
  lifetime: "`expire_after`, else the cache's `expires_in`, else none; renewed by each request",
  revives: 'each',
  commands: () => ['+get', '+set', '+del', ...greeting],
  principalPath: ['warden.user.user.key', '0', '0'],
  keysOfId: (id) => hashedId(id).map((key) => `_session_id:${key}`),
  libraryPrefix: asItIs,
  uri: plainUri,
  setUp:
    'a cache of its own: `ActiveSupport::Cache::RedisCacheStore.new(url: uri, namespace: prefix)`, given to `config.session_store :cache_store, cache:`; what else a cache can do (`clear`, `increment`) is refused',
  immortalRemedy:
    'the cache store writes no time to live unless one is set: add `expire_after: 30.minutes` to `config.session_store :cache_store`',
  notCovered: [
    'Devise remember-me cookies log people in again without a session: rotate their salt, or forget them in the database.',
    'Sessions in cookies (CookieStore) are not in Redis: change secret_key_base to end those.',
    'An Action Cable connection that was opened before goes on until the application closes it.',
  ],
  fenceCost:
    'While fenced, Rails answers 200 and the session is not stored: the cache takes errors of Redis for a miss. Nobody can log in.',
}
