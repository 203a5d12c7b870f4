import { presetFor } from '../sessions/presets.ts'
import type { Aside } from '../redis/aside.ts'
import { guardOf, markerOf } from '../redis/guard-names.ts'
import type { Flush } from './flush.ts'

/** Where a flush keeps the names of what it has deleted. */
export const guardKey = (flush: Flush): string => guardOf(flush.uid)

/** What a flush of all sessions puts aside, and where it keeps what it knows of it. */
export const asideOf = (flush: Flush): Aside => ({
  keyPrefix: flush.store.spec.sessions.keyPrefix,
  shared: presetFor(flush.store.spec.sessions).endless ?? [],
  guard: guardKey(flush),
  marker: markerOf(flush.uid),
})
