import type { Preset } from './preset.ts'
import { customPreset, type CustomClient } from './presets/custom.ts'
import { djangoCache, djangoCachedDb } from './presets/django.ts'
import { express } from './presets/express.ts'
import { fastify } from './presets/fastify.ts'
import { flaskSession } from './presets/flask-session.ts'
import { gorillaRedistore } from './presets/gorilla-redistore.ts'
import { koa } from './presets/koa.ts'
import { lucia } from './presets/lucia.ts'
import { phpredis } from './presets/phpredis.ts'
import { railsCacheStore } from './presets/rails-cache-store.ts'
import { railsRedisStore } from './presets/rails-redis-store.ts'
import { scs } from './presets/scs.ts'
import { springSession, springSessionIndexed } from './presets/spring-session.ts'

/** Every session library that we know, by the name that a SessionStore gives in `spec.sessions.client`. Each was run with the rights that it is given. */
export const presets = {
  'django-cache': djangoCache,
  'django-cached-db': djangoCachedDb,
  express,
  fastify,
  'flask-session': flaskSession,
  'gorilla-redistore': gorillaRedistore,
  koa,
  lucia,
  phpredis,
  'rails-cache-store': railsCacheStore,
  'rails-redis-store': railsRedisStore,
  scs,
  'spring-session': springSession,
  'spring-session-indexed': springSessionIndexed,
} as const satisfies Record<string, Preset>

export type PresetName = keyof typeof presets

export const presetNames = Object.keys(presets) as [PresetName, ...PresetName[]]

/** The preset of that name. */
export const presetOf = (name: PresetName): Preset => presets[name]

/** What `spec.sessions` says of the library. */
export interface SessionClient {
  readonly client: PresetName | 'Custom'
  /** With Custom; the CRD sees to it. */
  readonly custom?: CustomClient | undefined
}

/** The preset of a store. */
export const presetFor = ({ client, custom }: SessionClient): Preset =>
  client === 'Custom' ? customPreset(custom ?? { commands: [] }) : presetOf(client)

/** Presets whose sessions say when they began. */
export const presetsWithBirth = presetNames.filter((name) => presetOf(name).birth !== undefined)
