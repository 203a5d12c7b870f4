import { asItIs, greeting, introduction, outsideTheSession, plainUri } from '../forms.ts'
import type { Preset } from '../preset.ts'

const common = {
  payload: 'Python pickle',
  principal: '`_auth_user_id`',
  principalPath: ['_auth_user_id'],
  lifetime: '14 days; renewed by a request that changes the session, with SESSION_SAVE_EVERY_REQUEST by each',
  // `cache.clear()` is FLUSHDB: it is refused.
  commands: (version) => ['+get', '+set', '+del', '+exists', ...greeting, ...introduction(version)],
  libraryPrefix: asItIs,
  uri: plainUri,
  setUp: '`KEY_PREFIX` of the cache from the Secret, in a cache of its own: `cache.clear()` is refused',
  immortalRemedy: 'Django always writes a time to live: look for who else writes below the prefix',
} as const satisfies Partial<Preset>

/** With Django's own Redis cache. */
export const djangoCache: Preset = {
  ...common,
  name: 'django-cache',
  library: 'Django 5.2, SESSION_ENGINE `cache`',
  keys: ['<prefix>:1:django.contrib.sessions.cache<id>'],
  keysOfId: (id) => [`1:django.contrib.sessions.cache${id}`],
  revives: 'none: a request that changes a session that is gone gets HTTP 400 (`SessionInterrupted`)',
  notCovered: outsideTheSession,
  fenceCost:
    'While fenced, a request that changes its session ends with HTTP 500, a login included; who only reads goes on.',
}

/** Redis is in front of the SQL database, which has every session as well. */
export const djangoCachedDb: Preset = {
  ...common,
  name: 'django-cached-db',
  library: 'Django 5.2, SESSION_ENGINE `cached_db`',
  keys: ['<prefix>:1:django.contrib.sessions.cached_db<id>'],
  keysOfId: (id) => [`1:django.contrib.sessions.cached_db${id}`],
  revives: 'every next one: a session that is not in Redis is read from SQL and written back',
  notCovered: [
    'The SQL table django_session has every session as well, and Redis is filled from it again: delete its rows, or nobody is logged out. With SESSION_ENGINE `cache` Redis has the only copy.',
    ...outsideTheSession,
  ],
  fenceCost:
    'While fenced, people go on and log in all the same: Django writes to SQL, and only logs that Redis refused.',
}
