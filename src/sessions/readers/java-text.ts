import { isAscii } from 'node:buffer'

/**
 * Java's modified UTF-8 (`java.io.DataInput`): UTF-16 code units in one to three bytes each, NUL in two. Undefined if the bytes are not it.
 */
export const textOfModifiedUtf8 = (bytes: Buffer): string | undefined => {
  if (isAscii(bytes)) return bytes.toString('latin1')
  const units = Buffer.alloc(bytes.length * 2)
  let length = 0
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at++] ?? 0
    const more = first < 0x80 ? 0 : first >> 5 === 0b110 ? 1 : first >> 4 === 0b1110 ? 2 : undefined
    if (more === undefined) return undefined
    let unit = more === 0 ? first : first & (0x3f >> more)
    for (let left = more; left > 0; left--) {
      const next = bytes[at++] ?? 0
      if (next >> 6 !== 0b10) return undefined
      unit = (unit << 6) | (next & 0x3f)
    }
    length = units.writeUInt16LE(unit, length)
  }
  return units.toString('utf16le', 0, length)
}

/** The text of a `char[]`, as it is in a stream. */
export const textOfChars = (bytes: Buffer): string => Buffer.from(bytes).swap16().toString('utf16le')
