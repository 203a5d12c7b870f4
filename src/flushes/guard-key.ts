import type { Flush } from './flush.ts'

/** What the names of remembered keys are kept under begins with this: no prefix of a store has a brace, so no client can reach it. */
const guards = '{guard}'

/** Where a flush keeps the names of what it has deleted. */
export const guardKey = (flush: Flush): string => `${guards}${flush.uid}`

/** All such keys, as a glob: a flush that was taken away by force leaves its own behind. */
export const everyGuard = `${guards}*`
