import type { Preset } from './preset.ts'
import { express } from './presets/express.ts'
import { railsRedisStore } from './presets/rails-redis-store.ts'

const presets = { express, 'rails-redis-store': railsRedisStore } as const satisfies Record<string, Preset>

/** The preset of that name; the CRD admits no other names. */
export const presetOf = (name: keyof typeof presets): Preset => presets[name]
