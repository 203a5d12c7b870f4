import { Undecodable, valueAt, type SessionValue } from './value.ts'

/** How values of a type are written; what is in them by the ids of their types. */
export type GobType =
  | { readonly is: 'bool' | 'int' | 'uint' | 'float' | 'complex' | 'bytes' | 'interface' }
  /** Encodes itself. */
  | { readonly is: 'opaque' }
  | { readonly is: 'list'; readonly element: number }
  | { readonly is: 'map'; readonly key: number; readonly element: number }
  | { readonly is: 'struct'; readonly fields: readonly { readonly name: string; readonly type: number }[] }

/** Types that need no definition, with the ids that they have (encoding/gob/type.go). Bytes and texts are written alike. */
export const basic = {
  bool: { is: 'bool' },
  int: { is: 'int' },
  uint: { is: 'uint' },
  float: { is: 'float' },
  bytes: { is: 'bytes' },
  complex: { is: 'complex' },
  interface: { is: 'interface' },
} as const satisfies Record<string, GobType>

const ids = { int: 2, bytes: 6, common: 18, fields: 22, field: 21 } as const

const struct = (...fields: readonly (readonly [name: string, type: number])[]): GobType => ({
  is: 'struct',
  fields: fields.map(([name, type]) => ({ name, type })),
})

/** What a definition is written as: one of its fields says which sort of type it is. */
export const wireType = struct(
  ['array', 17],
  ['slice', 19],
  ['struct', 20],
  ['map', 23],
  ['encoder', 24],
  ['binary', 25],
  ['text', 26],
)

const predefined: readonly (readonly [number, GobType])[] = [
  [1, basic.bool],
  [2, basic.int],
  [3, basic.uint],
  [4, basic.float],
  [5, basic.bytes],
  [6, basic.bytes],
  [7, basic.complex],
  [8, basic.interface],
  [17, struct(['common', ids.common], ['element', ids.int], ['length', ids.int])],
  [18, struct(['name', ids.bytes], ['id', ids.int])],
  [19, struct(['common', ids.common], ['element', ids.int])],
  [20, struct(['common', ids.common], ['fields', ids.fields])],
  [21, struct(['name', ids.bytes], ['id', ids.int])],
  [22, { is: 'list', element: ids.field }],
  [23, struct(['common', ids.common], ['key', ids.int], ['element', ids.int])],
  // Those that encode themselves have nothing but a name.
  [24, struct(['common', ids.common])],
  [25, struct(['common', ids.common])],
  [26, struct(['common', ids.common])],
]

/** The types of one payload: those that gob begins with, and those that it has defined so far. */
export class GobTypes {
  readonly #types = new Map<number, GobType>(predefined)

  /** Throws `Undecodable` for an id that nothing has. */
  of(id: number): GobType {
    const type = this.#types.get(id)
    if (!type) throw new Undecodable('gob: a type that is not defined')
    return type
  }

  /** Takes a definition, as it was read by `wireType`. */
  define(id: number, definition: SessionValue): void {
    if (this.#types.has(id)) throw new Undecodable('gob: a type that is defined twice')
    this.#types.set(id, typeOf(definition))
  }
}

const typeOf = (definition: SessionValue): GobType => {
  const number = (...path: readonly string[]): number => {
    const value = valueAt(definition, path)
    // Zero is not written.
    return typeof value === 'number' ? value : 0
  }
  const kind = definition instanceof Map ? [...definition.keys()][0] : undefined
  switch (kind) {
    case 'array':
    case 'slice':
      return { is: 'list', element: number(kind, 'element') }
    case 'map':
      return { is: 'map', key: number(kind, 'key'), element: number(kind, 'element') }
    case 'struct': {
      const fields = valueAt(definition, [kind, 'fields'])
      return {
        is: 'struct',
        fields: (Array.isArray(fields) ? (fields as readonly SessionValue[]) : []).map((_field, at) => {
          const name = valueAt(definition, [kind, 'fields', String(at), 'name'])
          return { name: typeof name === 'string' ? name : '', type: number(kind, 'fields', String(at), 'id') }
        }),
      }
    }
    case 'encoder':
    case 'binary':
    case 'text':
      return { is: 'opaque' }
    default:
      throw new Undecodable('gob: a definition of no type')
  }
}
