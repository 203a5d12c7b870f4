import { createHash } from 'node:crypto'
import serialize from 'canonicalize'

/** Canonical JSON (RFC 8785). Throws a `TypeError` for what JSON cannot carry. */
export const canonicalize = (value: unknown): string => {
  const text = serialize(value)
  if (text === undefined) throw new TypeError('the value cannot be written as JSON')
  return text
}

/** SHA-256 of a value in canonical JSON, hex. */
export const hashOf = (value: unknown): string => createHash('sha256').update(canonicalize(value)).digest('hex')
