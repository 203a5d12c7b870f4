/** The encodings of DER (ITU-T X.690) that a certificate is made of. */
const encode = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content])
}

const lengthOf = (length: number): readonly number[] => {
  if (length < 0x80) return [length]
  const bytes = unsigned(length)
  return [0x80 | bytes.length, ...bytes]
}

const unsigned = (value: number): readonly number[] => {
  const bytes: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return bytes
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => encode(0x30, ...parts)
export const setOf = (part: Uint8Array): Buffer => encode(0x31, part)
export const boolean = (value: boolean): Buffer => encode(0x01, Buffer.from([value ? 0xff : 0]))
export const utf8 = (text: string): Buffer => encode(0x0c, Buffer.from(text, 'utf8'))
export const octets = (content: Uint8Array): Buffer => encode(0x04, content)

/** A number that is not negative, from its bytes. */
export const integer = (bytes: Uint8Array): Buffer => {
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = first < 0 ? Buffer.from([0]) : Buffer.from(bytes.subarray(first))
  return encode(0x02, (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits)
}

/** A string of bits; the last `unused` bits of the last byte do not count. */
export const bits = (content: Uint8Array, unused = 0): Buffer => encode(0x03, Buffer.from([unused]), content)

/** An object identifier such as `2.5.29.17`. */
export const objectId = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return encode(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

const base128 = (value: number): readonly number[] => {
  const digits = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift(0x80 | (rest % 128))
  return digits
}

/** A moment in whole seconds: two digits of the year until 2049 and four after that, as RFC 5280, 4.1.2.5 wants it. */
export const time = (date: Date): Buffer => {
  const text = `${date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`
  return date.getUTCFullYear() < 2050
    ? encode(0x17, Buffer.from(text.slice(2), 'ascii'))
    : encode(0x18, Buffer.from(text, 'ascii'))
}

/** A field that its number tells apart: `[number]`. With `constructed` it holds other encodings, else bytes. */
export const field = (number: number, content: Uint8Array, constructed: boolean): Buffer =>
  encode((constructed ? 0xa0 : 0x80) | number, content)
