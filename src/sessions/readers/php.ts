import { textOf } from './bytes-as-text.ts'
import { Cursor } from './cursor.ts'
import { mapOfPairs } from './keys.ts'
import { Links } from './links.ts'
import type { PayloadReader, SessionValue } from './value.ts'

/** Reads what PHP's `serialize()` writes. An object is the map of its properties, an enum its name; one that serializes itself (`C:`) is undefined. */
export const readPhp: PayloadReader = (payload) => {
  const reader = new PhpReader(payload)
  const value = reader.value(0)
  reader.from.end()
  return value
}

/** Reads a session as PHP's default handler writes it (`session.serialize_handler` `php`): a name, `|`, its value, and so on. */
export const readPhpSession: PayloadReader = (payload) => {
  const reader = new PhpReader(payload)
  const session = new Map<string, SessionValue>()
  while (reader.from.left > 0) {
    const name = textOf(reader.until('|'))
    session.set(name, reader.value(1))
  }
  return session
}

/**
 * Every value takes a number but `R:` (`var_push` in php_var_unserialize, ext/standard/var_unserializer.re of PHP 8.2); keys take none. In a session the numbers
 * go on from one name to the next.
 */
class PhpReader {
  readonly from: Cursor
  readonly #links = new Links()
  #numbers = 0
  /** Numbers beyond this mean nothing: what a class has written by `serialize()` into its own data takes numbers too, and only the class knows how many. */
  #lastCertain = Number.POSITIVE_INFINITY

  constructor(payload: Uint8Array) {
    this.from = new Cursor(payload, 'PHP')
  }

  value(depth: number): SessionValue {
    this.#links.count(depth)
    const type = this.#character()
    if (type === 'R') {
      this.#expect(':')
      return this.#link(depth)
    }
    this.#numbers += 1
    return this.#links.hold(depth, () => this.#numbered(type, depth))
  }

  #numbered(type: string, depth: number): SessionValue {
    if (type === 'N') {
      this.#expect(';')
      return null
    }
    this.#expect(':')
    switch (type) {
      case 'b':
        return this.#integer(';') !== 0
      case 'i':
        return this.#number(';')
      case 'd':
        return this.#float()
      case 's': {
        const text = this.#quoted()
        this.#expect(';')
        return text
      }
      case 'a':
        return mapOfPairs(this.#pairs(depth))
      case 'O': {
        this.#quoted()
        this.#expect(':')
        return mapOfPairs(this.#pairs(depth).map((each, at) => (at % 2 === 0 ? unmangled(each) : each)))
      }
      case 'E': {
        const name = this.#quoted()
        this.#expect(';')
        return name.slice(name.indexOf(':') + 1)
      }
      case 'C': {
        this.#quoted()
        this.#expect(':')
        const length = this.#integer(':')
        this.#expect('{')
        this.from.take(length)
        this.#expect('}')
        this.#lastCertain = Math.min(this.#lastCertain, this.#numbers)
        return undefined
      }
      case 'r':
        return this.#link(depth)
      default:
        throw this.from.broken('a type that is not known')
    }
  }

  #link(depth: number): SessionValue {
    const number = this.#integer(';')
    return number > this.#lastCertain ? undefined : this.#links.follow(number - 1, depth)
  }

  /** Keys and values in turns. */
  #pairs(depth: number): readonly SessionValue[] {
    const count = this.#integer(':')
    if (count < 0 || count > this.from.left) throw this.from.broken('claims more elements than it has bytes')
    this.#expect('{')
    const pairs: SessionValue[] = []
    for (let left = count; left > 0; left -= 1) pairs.push(this.#key(), this.value(depth + 1))
    this.#expect('}')
    return pairs
  }

  #key(): string {
    const type = this.#character()
    this.#expect(':')
    if (type === 'i') return String(this.#number(';'))
    if (type !== 's') throw this.from.broken('a key that is neither a number nor text')
    const text = this.#quoted()
    this.#expect(';')
    return text
  }

  /** `<bytes>:"<text>"` */
  #quoted(): string {
    const length = this.#integer(':')
    this.#expect('"')
    const bytes = this.from.take(length)
    this.#expect('"')
    return textOf(bytes)
  }

  #number(end: string): number | bigint {
    const digits = this.#digits(end)
    return Number.isSafeInteger(Number(digits)) ? Number(digits) : BigInt(digits)
  }

  #integer(end: string): number {
    return Number(this.#digits(end))
  }

  /** 64 bits have 19 digits. */
  #digits(end: string): string {
    const text = this.until(end, 21).toString('latin1')
    if (!/^-?[0-9]+$/.test(text)) throw this.from.broken('no number where one must be')
    return text
  }

  #float(): number {
    const text = this.until(';', 400).toString('latin1')
    const special = { INF: Number.POSITIVE_INFINITY, '-INF': Number.NEGATIVE_INFINITY, NAN: Number.NaN }[text]
    if (special !== undefined) return special
    if (!/^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(text)) throw this.from.broken('no number where one must be')
    return Number(text)
  }

  /** What comes before a character, which is taken too. */
  until(end: string, most = Number.POSITIVE_INFINITY): Buffer {
    const length = this.from.distanceTo(end.charCodeAt(0))
    if (length === undefined || length > most) throw this.from.broken('something that does not end')
    const bytes = this.from.take(length)
    this.from.take(1)
    return bytes
  }

  #character(): string {
    return String.fromCharCode(this.from.byte())
  }

  #expect(character: string): void {
    if (this.#character() !== character) throw this.from.broken('something else where a mark must be')
  }
}

/** `\0Class\0name` is a private property, `\0*\0name` a protected one. */
const unmangled = (name: SessionValue): SessionValue =>
  typeof name === 'string' && name.startsWith('\0') ? name.slice(name.indexOf('\0', 1) + 1) : name
