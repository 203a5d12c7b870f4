import { Cursor } from './cursor.ts'
import { mapOfPairs } from './keys.ts'
import { Links } from './links.ts'
import { textOf } from './bytes-as-text.ts'
import { textOfDump, textOfString } from './ruby-marshal-text.ts'
import type { SessionValue } from './value.ts'

const noVariables: ReadonlyMap<string, SessionValue> = new Map()

/**
 * One payload, read once (Ruby's `doc/marshal.rdoc`; where that is silent, on the numbers of objects above all, `r_object_for` in `marshal.c` of Ruby
 * 3.1). The text of a string without an encoding is as its caller wants it.
 */
export class MarshalReader {
  readonly #from: Cursor
  readonly #textOfBinary: (bytes: Buffer) => string
  readonly #links = new Links()
  readonly #symbols: string[] = []

  constructor(payload: Uint8Array, textOfBinary: (bytes: Buffer) => string) {
    this.#from = new Cursor(payload, 'Ruby Marshal')
    this.#textOfBinary = textOfBinary
  }

  read(): SessionValue {
    if (this.#from.take(2).toString('hex') !== '0408') throw this.#from.broken('not version 4.8')
    const value = this.#value(0)
    this.#from.end()
    return value
  }

  #value(depth: number): SessionValue {
    this.#links.count(depth)
    let type = this.#type()
    let hasIvars = false
    // A loop, not recursion: any number of modules may extend one object.
    for (; type === 'I' || type === 'C' || type === 'e'; type = this.#type()) {
      if (type !== 'I') this.#symbol(depth)
      else if (hasIvars) throw this.#from.broken('instance variables twice')
      else hasIvars = true
    }
    const ivars = () => (hasIvars ? this.#members(depth) : noVariables)
    switch (type) {
      case '"':
        return this.#links.hold(depth, () => this.#text(this.#bytes(), ivars()))
      case '/':
        return this.#links.hold(depth, () => {
          const source = this.#bytes()
          this.#from.byte()
          return this.#text(source, ivars())
        })
      case ':':
        return this.#newSymbol(ivars)
      case 'u': {
        this.#symbol(depth)
        const dump = this.#bytes()
        // Ruby makes such an object last: what its instance variables hold has lower numbers.
        ivars()
        return this.#links.hold(depth, () => textOfDump(dump))
      }
      default: {
        const value = this.#withoutIvars(type, depth)
        ivars()
        return value
      }
    }
  }

  #withoutIvars(type: string, depth: number): SessionValue {
    switch (type) {
      case '0':
        return null
      case 'T':
        return true
      case 'F':
        return false
      case 'i':
        return this.#integer()
      case ';':
        return this.#linkedSymbol()
      case '@':
        return this.#links.follow(this.#integer(), depth)
      case 'l':
        return this.#links.hold(depth, () => this.#bignum())
      case 'f':
        return this.#links.hold(depth, () => this.#float())
      case '[':
        return this.#links.hold(depth, () => this.#values(this.#count(), depth))
      case '{':
        return this.#links.hold(depth, () => mapOfPairs(this.#values(this.#count() * 2, depth)))
      case '}':
        return this.#links.hold(depth, () => {
          const map = mapOfPairs(this.#values(this.#count() * 2, depth))
          this.#value(depth + 1)
          return map
        })
      case 'o':
      case 'S':
        return this.#links.hold(depth, () => {
          this.#symbol(depth)
          return this.#members(depth)
        })
      case 'U':
      case 'd':
        this.#symbol(depth)
        return this.#links.hold(depth, () => this.#value(depth + 1))
      case 'c':
      case 'm':
      case 'M':
        return this.#links.hold(depth, () => textOf(this.#bytes()))
      default:
        throw this.#from.broken('a type that Marshal 4.8 does not have')
    }
  }

  #values(count: number, depth: number): readonly SessionValue[] {
    const values: SessionValue[] = []
    while (values.length < count) values.push(this.#value(depth + 1))
    return values
  }

  /** Names and values: instance variables, or the members of a Struct. */
  #members(depth: number): ReadonlyMap<string, SessionValue> {
    const members = new Map<string, SessionValue>()
    for (let left = this.#count(); left > 0; left--) {
      const name = this.#symbol(depth + 1)
      members.set(name, this.#value(depth + 1))
    }
    return members
  }

  /** A symbol where nothing else may be. It counts as no value, but for its depth: one with an encoding has instance variables, which have symbols. */
  #symbol(depth: number): string {
    this.#links.count(depth, 0)
    const type = this.#type()
    if (type === ';') return this.#linkedSymbol()
    if (type === ':') return this.#newSymbol(() => noVariables)
    if (type === 'I' && this.#type() === ':') return this.#newSymbol(() => this.#members(depth))
    throw this.#from.broken('something else in the place of a symbol')
  }

  #newSymbol(ivars: () => ReadonlyMap<string, SessionValue>): string {
    const name = this.#bytes()
    // It has its number before the symbols that say its encoding.
    const number = this.#symbols.push('') - 1
    const text = this.#text(name, ivars())
    this.#symbols[number] = text
    return text
  }

  #linkedSymbol(): string {
    const symbol = this.#symbols[this.#integer()]
    if (symbol === undefined) throw this.#from.broken('a link to no symbol')
    return symbol
  }

  #text(bytes: Buffer, ivars: ReadonlyMap<string, SessionValue>): string {
    return textOfString(bytes, ivars, this.#textOfBinary)
  }

  #type(): string {
    return String.fromCharCode(this.#from.byte())
  }

  /** Of -2^31 to 2^32: small ones in a byte, from ±5 on; else a byte that says how many bytes, and the sign. */
  #integer(): number {
    const first = this.#from.take(1).readInt8()
    if (first === 0) return 0
    if (first > 4) return first - 5
    if (first < -4) return first + 5
    const value = this.#from.take(Math.abs(first)).readUIntLE(0, Math.abs(first))
    return first > 0 ? value : value - 256 ** -first
  }

  /** How many follow. Each of them takes a byte at least. */
  #count(): number {
    const count = this.#integer()
    if (count < 0 || count > this.#from.left) throw this.#from.broken('claims a length beyond its end')
    return count
  }

  #bytes(): Buffer {
    return this.#from.take(this.#count())
  }

  #bignum(): bigint {
    const sign = this.#type()
    if (sign !== '+' && sign !== '-') throw this.#from.broken('a Bignum without a sign')
    const digits = this.#from.take(this.#count() * 2).toReversed()
    const magnitude = BigInt(`0x0${Buffer.from(digits).toString('hex')}`)
    return sign === '-' ? -magnitude : magnitude
  }

  #float(): number {
    // Ruby 1.8 wrote the last digits in binary behind a NUL.
    const [text = ''] = this.#bytes().toString('latin1').split('\0', 1)
    if (text === 'nan') return Number.NaN
    if (text === 'inf') return Number.POSITIVE_INFINITY
    if (text === '-inf') return Number.NEGATIVE_INFINITY
    if (!/^-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$/.test(text)) throw this.#from.broken('a Float that is no number')
    return Number(text)
  }
}
