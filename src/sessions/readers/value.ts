/** Most bytes of a payload that is read. A session is a few hundred bytes to some KiB; libraries cap theirs far below. */
export const maxPayloadBytes = 1024 * 1024
/** How deep a payload may nest. */
export const maxDepth = 64
/** Most values that one payload may hold, so that a small one cannot name a huge structure. */
export const maxValues = 100_000

/**
 * What a session's payload says, as plain data: nothing of it is ever run. A map has text as keys, whatever they were (numbers in digits, symbols by
 * their names); an object is the map of its fields, whatever its class. What a reader knows no meaning for is `undefined`.
 */
export type SessionValue =
  string | number | bigint | boolean | null | undefined | readonly SessionValue[] | ReadonlyMap<string, SessionValue>

/** Reads the payload of one session. Pure, bounded in time and memory. Throws `Undecodable`. */
export type PayloadReader = (payload: Uint8Array) => SessionValue

/** A payload that cannot be read. Its message says what kind of thing was wrong and where, never what the payload says. */
export class Undecodable extends Error {
  override readonly name = 'Undecodable'
}

/** What lies at a path in a payload: names of fields, or the places of elements in digits. Undefined: nothing. */
export const valueAt = (value: SessionValue, path: readonly string[]): SessionValue => {
  let at = value
  for (const name of path) {
    if (at instanceof Map) at = at.get(name)
    else if (Array.isArray(at) && /^[0-9]+$/.test(name)) at = at[Number(name)]
    else return undefined
  }
  return at
}
