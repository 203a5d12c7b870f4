import { isUtf8 } from 'node:buffer'
import type { SessionValue } from './value.ts'

/**
 * Ruby's encodings that a web application may have text in, with their names in the WHATWG Encoding Standard, which takes ISO-8859-1 for Windows-1252.
 * A fixed list: a payload that names thousands of encodings must not make thousands of decoders.
 */
const decoders = new Map(
  [
    'Shift_JIS EUC-JP ISO-2022-JP EUC-KR GBK GB18030 GB2312 Big5 KOI8-R KOI8-U IBM866 UTF-16LE UTF-16BE'.split(' '),
    [1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16].map((part) => `ISO-8859-${part}`),
    [874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258].map((page) => `Windows-${page}`),
  ]
    .flat()
    .map((name) => [name, name] as const)
    .concat([
      ['Windows-31J', 'Shift_JIS'],
      ['CP949', 'EUC-KR'],
      ['ISO-8859-9', 'Windows-1254'],
      ['ISO-8859-11', 'Windows-874'],
    ])
    .map(([name, label]) => [name, new TextDecoder(label, { ignoreBOM: true })]),
)

/** The text of a string with these instance variables, as Marshal says an encoding: `E` true for UTF-8, false for US-ASCII, else `encoding` with its name. */
export const textOfString = (
  bytes: Buffer,
  ivars: ReadonlyMap<string, SessionValue>,
  textOfBinary: (bytes: Buffer) => string,
): string => {
  if (ivars.get('E') === true) return bytes.toString('utf8')
  const name = ivars.get('encoding')
  const decoder = typeof name === 'string' ? decoders.get(name) : undefined
  return decoder ? decoder.decode(bytes) : textOfBinary(bytes)
}

/** What a class dumped as text for itself; undefined if that is no text, like the eight bytes of a Time. */
export const textOfDump = (bytes: Buffer): string | undefined => {
  const text = isUtf8(bytes) ? bytes.toString('utf8') : undefined
  return text === undefined || /\p{C}/u.test(text) ? undefined : text
}
