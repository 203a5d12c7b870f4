import { maxDepth, maxPayloadBytes, maxValues, Undecodable, type PayloadReader, type SessionValue } from './value.ts'

/** Reads JSON. A number beyond 2^53 comes as the next one that a double can hold, as JSON.parse has it. */
export const readJson: PayloadReader = (payload) => {
  if (payload.length > maxPayloadBytes) throw new Undecodable('more bytes than are read')
  let left = maxValues
  const convert = (value: unknown, depth: number): SessionValue => {
    left -= 1
    if (left < 0) throw new Undecodable('more values than are read')
    if (typeof value !== 'object' || value === null) return value as SessionValue
    if (depth === maxDepth) throw new Undecodable('nested too deeply')
    if (Array.isArray(value)) return value.map((each) => convert(each, depth + 1))
    return new Map(Object.entries(value).map(([name, each]) => [name, convert(each, depth + 1)]))
  }
  return convert(parse(payload), 0)
}

const parse = (payload: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    // The error's own text repeats what it met.
    throw new Undecodable('not JSON')
  }
}
