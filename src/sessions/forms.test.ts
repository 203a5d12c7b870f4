import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { presetNames, presetOf, type PresetName } from './presets.ts'

const id = '3f1c0e7a9b2d4c58'
const uuid = '0b9e9c1e-3d0b-4c39-9a39-0a4dfbe6bd4c'
const hashed = `2::${createHash('sha256').update(id).digest('hex')}`

test.each<[PresetName, string, string, readonly string[]]>([
  ['express', 'an id', id, [id]],
  ['express', "a cookie's value", `s:${id}.Xy3z+signature/=`, [id]],
  ['express', 'a cookie as the browser sends it', `s%3A${id}.Xy3z%2Bsignature%2F%3D`, [id]],
  ['fastify', 'a cookie as the browser sends it', `${id}.Xy3z%2Bsignature`, [id]],
  ['koa', 'an id', id, [id]],
  ['lucia', 'an id', id, [`session:${id}`]],
  ['flask-session', 'an id', id, [id]],
  ['rails-redis-store', 'an id, hashed and of before', id, [hashed, id]],
  ['rails-redis-store', 'what Rack takes for a cookie as well: the key', hashed, [hashed]],
  ['rails-cache-store', 'an id', id, [`_session_id:${hashed}`, `_session_id:${id}`]],
  ['django-cache', 'an id', id, [`1:django.contrib.sessions.cache${id}`]],
  ['django-cached-db', 'an id', id, [`1:django.contrib.sessions.cached_db${id}`]],
  ['spring-session', 'an id', uuid, [`sessions:${uuid}`]],
  ['spring-session', 'a cookie', Buffer.from(uuid).toString('base64'), [`sessions:${uuid}`]],
  ['spring-session-indexed', 'an id', uuid, [`sessions:${uuid}`, `sessions:expires:${uuid}`]],
  ['scs', 'a token', id, [id]],
  ['gorilla-redistore', 'an id', id, [id]],
  ['phpredis', 'an id', id, [id]],
])('%s finds a session by %s', (preset, _, given, keys) => {
  expect(presetOf(preset).keysOfId(given)).toEqual(expect.arrayContaining([...keys]))
})

test.each(presetNames)('%s makes of whatever is given a key that the form of its keys allows', (name) => {
  for (const given of ['', '%', 's:', '.', 'a:b', '\u{1f36a}', '*'.repeat(100)])
    for (const key of presetOf(name).keysOfId(given)) expect(typeof key).toBe('string')
})
