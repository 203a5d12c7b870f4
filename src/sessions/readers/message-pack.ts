import { textOf } from './bytes-as-text.ts'
import { Cursor } from './cursor.ts'
import { mapOfPairs } from './keys.ts'
import { Links } from './links.ts'
import type { PayloadReader, SessionValue } from './value.ts'

/** Reads MessagePack (github.com/msgpack/msgpack, spec.md). An extension, as that for a time, is undefined. Bytes are text if they are UTF-8, else each byte a character. */
export const readMessagePack: PayloadReader = (payload) => new MessagePackReader(payload).read()

class MessagePackReader {
  readonly #from: Cursor
  readonly #links = new Links()

  constructor(payload: Uint8Array) {
    this.#from = new Cursor(payload, 'MessagePack')
  }

  read(): SessionValue {
    const value = this.#value(0)
    this.#from.end()
    return value
  }

  #value(depth: number): SessionValue {
    this.#links.count(depth)
    const type = this.#from.byte()
    if (type < 0x80) return type
    if (type < 0x90) return this.#map(type & 0x0f, depth)
    if (type < 0xa0) return this.#array(type & 0x0f, depth)
    if (type < 0xc0) return textOf(this.#from.take(type & 0x1f))
    if (type >= 0xe0) return type - 0x100
    return this.#marked(type, depth)
  }

  #marked(type: number, depth: number): SessionValue {
    switch (type) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return textOf(this.#from.take(this.#length(type - 0xc4)))
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#length(type - 0xc7))
      case 0xca:
        return this.#from.take(4).readFloatBE()
      case 0xcb:
        return this.#from.take(8).readDoubleBE()
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#length(type - 0xcc)
      case 0xcf:
        return plain(this.#from.take(8).readBigUInt64BE())
      case 0xd0:
      case 0xd1:
      case 0xd2: {
        const size = 2 ** (type - 0xd0)
        return this.#from.take(size).readIntBE(0, size)
      }
      case 0xd3:
        return plain(this.#from.take(8).readBigInt64BE())
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(2 ** (type - 0xd4))
      case 0xd9:
      case 0xda:
      case 0xdb:
        return textOf(this.#from.take(this.#length(type - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.#array(this.#length(type - 0xdb), depth)
      case 0xde:
      case 0xdf:
        return this.#map(this.#length(type - 0xdd), depth)
      default:
        throw this.#from.broken('a type that MessagePack does not have')
    }
  }

  /** A number of 1, 2 or 4 bytes, by its power of two. */
  #length(power: number): number {
    const size = 2 ** power
    return this.#from.take(size).readUIntBE(0, size)
  }

  #extension(length: number): undefined {
    this.#from.take(1 + length)
    return undefined
  }

  #array(count: number, depth: number): readonly SessionValue[] {
    if (count > this.#from.left) throw this.#from.broken('claims more elements than it has bytes')
    // It grows with what is there: each level could claim all that is left.
    const values: SessionValue[] = []
    while (values.length < count) values.push(this.#value(depth + 1))
    return values
  }

  #map(count: number, depth: number): ReadonlyMap<string, SessionValue> {
    return mapOfPairs(this.#array(2 * count, depth))
  }
}

const plain = (value: bigint): number | bigint =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
