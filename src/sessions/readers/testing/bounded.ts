import { maxDepth, maxValues, type PayloadReader, type SessionValue, Undecodable } from '../value.ts'

/** Says whether a payload is read or refused. Any other error comes through, and one for a value that is cyclic, or too large for one who walks it. */
export const outcomeOf = (reader: PayloadReader, payload: Uint8Array): 'read' | 'refused' => {
  let value: SessionValue
  try {
    value = reader(payload)
  } catch (error) {
    if (error instanceof Undecodable) return 'refused'
    throw error
  }
  walk(value)
  return 'read'
}

/** Goes to each value as often as it occurs. */
const walk = (value: SessionValue): void => {
  const rest = [{ value, depth: 0 }]
  let walked = 0
  for (let at = rest.pop(); at; at = rest.pop()) {
    if (++walked > maxValues) throw new Error('more values than a payload may hold')
    if (at.depth > maxDepth) throw new Error('more levels than a payload may have')
    const inside = at.value instanceof Map || Array.isArray(at.value) ? at.value.values() : []
    for (const value of inside) rest.push({ value, depth: at.depth + 1 })
  }
}

/** Each beginning of a payload that is not the whole. */
export const beginningsOf = (payload: Uint8Array): readonly Uint8Array[] =>
  Array.from(payload, (_byte, length) => payload.subarray(0, length))

/** A payload with one byte made another, at each place. */
export const changesOf = function* (payload: Uint8Array, bytes: readonly number[]): Generator<Uint8Array> {
  for (const at of payload.keys()) {
    for (const byte of bytes) yield payload.with(at, byte)
  }
}
