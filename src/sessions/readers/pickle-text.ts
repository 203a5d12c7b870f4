const lastCodePoint = 0x10ffff

/** Text as protocol 0 writes it: Latin-1, the rest in escapes, the backslash too (Python's `raw-unicode-escape`). Undefined: a character that does not exist. */
export const rawUnicodeEscaped = (line: string): string | undefined => {
  let exists = true
  const text = line.replaceAll(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, short?: string, long?: string) => {
    const codePoint = Number.parseInt(short ?? long ?? '', 16)
    if (codePoint <= lastCodePoint) return String.fromCodePoint(codePoint)
    exists = false
    return ''
  })
  return exists ? text : undefined
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\', "'": "'", n: '\n', r: '\r', t: '\t' }

/** Bytes of a text of Python 2, in quotation marks: `repr(str)`. Undefined if it is none. */
export const quotedBytes = (line: string): Buffer | undefined => {
  const quoted = /^(['"])(.*)\1$/s.exec(line)?.[2]
  if (quoted === undefined) return undefined
  let known = true
  const text = quoted.replaceAll(/\\(?:x([0-9a-f]{2})|(.?))/gs, (_, hex?: string, letter?: string) => {
    const character = hex === undefined ? escapes[letter ?? ''] : String.fromCharCode(Number.parseInt(hex, 16))
    known &&= character !== undefined
    return character ?? ''
  })
  return known ? Buffer.from(text, 'latin1') : undefined
}
