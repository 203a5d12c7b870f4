import { textOf } from './bytes-as-text.ts'
import { Cursor } from './cursor.ts'
import { GobTypes, basic, wireType, type GobType } from './gob-types.ts'
import { mapOfPairs } from './keys.ts'
import { Links } from './links.ts'
import type { PayloadReader, SessionValue } from './value.ts'

/**
 * Reads Go's encoding/gob, as scs and gorilla's sessions write it: a struct is the map of its fields that are not zero, which gob does not write; what encodes itself (a time) is
 * undefined. Bytes are text if they are UTF-8, else each byte a character. (pkg.go.dev/encoding/gob; decode.go of Go 1.26 where that is silent.)
 */
export const readGob: PayloadReader = (payload) => new GobReader(payload).read()

class GobReader {
  readonly #from: Cursor
  readonly #links = new Links()
  readonly #types = new GobTypes()

  constructor(payload: Uint8Array) {
    this.#from = new Cursor(payload, 'gob')
  }

  read(): SessionValue {
    for (;;) {
      // How many bytes the next message has.
      this.#length()
      const id = this.#integer()
      if (id < 0) {
        this.#types.define(-id, this.#value(wireType, 0))
        continue
      }
      const value = this.#single(id, 0)
      this.#from.end()
      return value
    }
  }

  /** A value that is not inside of another one: before all but structs there is a zero. */
  #single(id: number, depth: number): SessionValue {
    const type = this.#types.of(id)
    if (type.is !== 'struct' && this.#natural() !== 0n) throw this.#from.broken('no zero before a single value')
    return this.#value(type, depth)
  }

  #value(type: GobType, depth: number): SessionValue {
    this.#links.count(depth)
    switch (type.is) {
      case 'bool':
        return this.#natural() !== 0n
      case 'int':
        return plain(this.#signed())
      case 'uint':
        return plain(this.#natural())
      case 'float':
        return this.#float()
      case 'complex':
        this.#natural()
        this.#natural()
        return undefined
      case 'bytes':
        return textOf(this.#from.take(this.#length()))
      case 'opaque':
        this.#from.take(this.#length())
        return undefined
      case 'interface':
        return this.#interface(depth)
      case 'list':
        return this.#list(this.#length(), [type.element], depth)
      case 'map':
        return mapOfPairs(this.#list(this.#length() * 2, [type.key, type.element], depth))
      case 'struct':
        return this.#struct(type.fields, depth)
      default:
        return type satisfies never
    }
  }

  /** Values whose types take turns. Each takes a byte at least. */
  #list(count: number, ids: readonly number[], depth: number): readonly SessionValue[] {
    if (count > this.#from.left) throw this.#from.broken('claims more elements than it has bytes')
    const types = ids.map((id) => this.#types.of(id))
    const values: SessionValue[] = []
    while (values.length < count) {
      const type = types[values.length % types.length] ?? basic.interface
      values.push(this.#value(type, depth + 1))
    }
    return values
  }

  /** Fields that are not zero, each by its distance from the one before. */
  #struct(fields: readonly { readonly name: string; readonly type: number }[], depth: number): SessionValue {
    const map = new Map<string, SessionValue>()
    let at = -1
    for (let delta = this.#length(); delta !== 0; delta = this.#length()) {
      at += delta
      const field = fields[at]
      if (!field) throw this.#from.broken('a field that the struct does not have')
      map.set(field.name, this.#value(this.#types.of(field.type), depth + 1))
    }
    return map
  }

  /** The name of a type, empty for nil; definitions of types that are new; how many bytes; the value. */
  #interface(depth: number): SessionValue {
    const name = this.#length()
    if (name === 0) return null
    this.#from.take(name)
    for (;;) {
      const id = this.#integer()
      this.#links.count(depth)
      if (id >= 0) {
        this.#length()
        return this.#single(id, depth + 1)
      }
      this.#types.define(-id, this.#value(wireType, depth + 1))
      this.#length()
    }
  }

  /** Below 128 a byte; else the negative number of bytes that follow, the greatest first. */
  #natural(): bigint {
    const first = this.#from.byte()
    if (first < 128) return BigInt(first)
    const length = 256 - first
    if (length > 8) throw this.#from.broken('a number of more than 8 bytes')
    return BigInt(`0x${this.#from.take(length).toString('hex')}`)
  }

  /** The lowest bit says that it is to be complemented. */
  #signed(): bigint {
    const bits = this.#natural()
    return bits % 2n === 1n ? -(bits / 2n) - 1n : bits / 2n
  }

  #integer(): number {
    return Number(this.#signed())
  }

  #length(): number {
    return Number(this.#natural())
  }

  /** The eight bytes of the number, turned round: most end in zeros. */
  #float(): number {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(this.#natural())
    return bytes.readDoubleBE()
  }
}

const plain = (value: bigint): number | bigint =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
