import type { SessionValue } from './value.ts'

/** Numbers from here on are no keys: their digits take long to find, and a link can ask for them again and again. */
const tooLong = 2n ** 256n

/** A map of keys and values in turns. A key that has no text (null, an array, an object) is left out with its value; of two with one text the later counts. */
export const mapOfPairs = (pairs: readonly SessionValue[]): ReadonlyMap<string, SessionValue> => {
  const map = new Map<string, SessionValue>()
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const key = keyOf(pairs[at])
    if (key !== undefined) map.set(key, pairs[at + 1])
  }
  return map
}

const keyOf = (value: SessionValue): string | undefined => {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'bigint' && value > -tooLong && value < tooLong ? String(value) : undefined
}
