import type { SessionValue } from './readers/value.ts'

/** Numbers from here on are nobody's id: their digits take long to find. */
const tooLong = 2n ** 256n

/**
 * Whose a session is, by the path at which it says so: names of fields, or places of elements in digits. Empty for nobody's, where nothing is there, or null or
 * false. Undefined where something is there that is neither text nor a whole number: it may well be somebody's.
 */
export const ownerAt = (session: SessionValue, path: readonly string[]): string | undefined => {
  let at = session
  for (const name of path) {
    if (at === null || at === false) return ''
    if (at instanceof Map) {
      if (!at.has(name)) return ''
      at = at.get(name)
    } else if (Array.isArray(at)) {
      if (!/^[0-9]+$/.test(name) || Number(name) >= at.length) return ''
      at = at[Number(name)]
    } else return undefined
  }
  return textOf(at)
}

const textOf = (owner: SessionValue): string | undefined => {
  if (owner === null || owner === false) return ''
  if (typeof owner === 'string') return owner
  if (typeof owner === 'bigint') return owner > -tooLong && owner < tooLong ? String(owner) : undefined
  // Beyond 2^53 two ids would be one.
  return typeof owner === 'number' && Number.isSafeInteger(owner) ? String(owner) : undefined
}
