import { presetFor } from '../sessions/presets.ts'
import type { Aside } from '../redis/aside.ts'
import type { Flush } from './flush.ts'

/** What the names of remembered keys are kept under begins with this: no prefix of a store has a brace, so no client can reach it. */
const guards = '{guard}'

/** Where a flush keeps the names of what it has deleted. */
export const guardKey = (flush: Flush): string => `${guards}${flush.uid}`

/** All such keys, as a glob: a flush that was taken away by force leaves its own behind. */
export const everyGuard = `${guards}*`

/** What a flush of all sessions puts aside, and where it keeps what it knows of it. */
export const asideOf = (flush: Flush): Aside => ({
  keyPrefix: flush.store.spec.sessions.keyPrefix,
  shared: presetFor(flush.store.spec.sessions).endless ?? [],
  guard: guardKey(flush),
  marker: `${guardKey(flush)}/aside`,
})
