/** What flushes keep in Redis begins with this: no prefix of a store has a brace, so no client can reach it. */
const guards = '{guard}'
const aside = '/aside'

/** The set in which a flush keeps the names of what it has deleted, by its UID. */
export const guardOf = (flushUid: string): string => `${guards}${flushUid}`

/** The hash that says that a flush has put every session aside. */
export const markerOf = (flushUid: string): string => `${guardOf(flushUid)}${aside}`

/** All such keys, as a glob: a flush that was taken away by force leaves its own behind. */
export const everyGuard = `${guards}*`

/** All such hashes, as a glob. */
export const everyMarker = `${guards}*${aside}`

/** Whose marker it is. */
export const flushOfMarker = (marker: string): string => marker.slice(guards.length, -aside.length)
