import { meaningOf } from './java-classes.ts'
import { textOfChars, textOfModifiedUtf8 } from './java-text.ts'
import { Cursor } from './cursor.ts'
import { Links } from './links.ts'
import { maxDepth, type PayloadReader, type SessionValue } from './value.ts'

/**
 * One object in a Java Object Serialization stream (its specification, chapter 6, protocol version 2), as Spring Session's `JdkSerializationRedisSerializer`
 * writes the fields of its hashes. Boxed values, UUID, BigInteger and the collections of java.util mean what they hold, an enum constant, a `Class` or a
 * `char[]` is text, a long beyond 2^53 a bigint; any other object is the map of its fields, and what else its class wrote is read over.
 */
export const readJava: PayloadReader = (payload) => new JavaReader(payload).read()

interface JavaField {
  readonly name: string
  readonly type: string
}

/** One class of an object's hierarchy, as its descriptor says it. */
interface JavaClass {
  readonly name: string
  readonly fields: readonly JavaField[]
  readonly flags: number
}

/** A class and those above it, its own last. */
type Lineage = readonly JavaClass[]

const magic = 'aced0005'
const firstHandle = 0x7e0000

// The names are those of `java.io.ObjectStreamConstants`.
const TC_NULL = 0x70
const TC_REFERENCE = 0x71
const TC_CLASSDESC = 0x72
const TC_OBJECT = 0x73
const TC_STRING = 0x74
const TC_ARRAY = 0x75
const TC_CLASS = 0x76
const TC_BLOCKDATA = 0x77
const TC_ENDBLOCKDATA = 0x78
const TC_BLOCKDATALONG = 0x7a
const TC_EXCEPTION = 0x7b
const TC_LONGSTRING = 0x7c
const TC_PROXYCLASSDESC = 0x7d
const TC_ENUM = 0x7e
const SC_WRITE_METHOD = 0x01
const SC_SERIALIZABLE = 0x02
const SC_EXTERNALIZABLE = 0x04
const SC_BLOCK_DATA = 0x08

class JavaReader {
  readonly #from: Cursor
  readonly #links = new Links()
  readonly #classes = new Map<number, Lineage>()

  constructor(payload: Uint8Array) {
    this.#from = new Cursor(payload, 'Java serialization')
  }

  read(): SessionValue {
    if (this.#from.take(4).toString('hex') !== magic) throw this.#from.broken('not version 5')
    const value = this.#content(0)
    this.#from.end()
    return value
  }

  #content(depth: number): SessionValue {
    this.#links.count(depth)
    const type = this.#from.byte()
    switch (type) {
      case TC_NULL:
        return null
      case TC_REFERENCE:
        return this.#links.follow(this.#handle(), depth)
      case TC_STRING:
        return this.#links.hold(depth, () => this.#utf())
      case TC_LONGSTRING:
        return this.#links.hold(depth, () => this.#text(Number(this.#from.take(8).readBigUInt64BE())))
      case TC_OBJECT:
        return this.#object(depth)
      case TC_ARRAY:
        return this.#array(depth)
      case TC_ENUM:
        this.#class(depth)
        return this.#links.hold(depth, () => this.#string(depth + 1))
      case TC_CLASS: {
        const name = this.#class(depth)?.at(-1)?.name
        return this.#links.hold(depth, () => name)
      }
      case TC_CLASSDESC:
      case TC_PROXYCLASSDESC:
        this.#newClass(type, depth)
        return undefined
      case TC_EXCEPTION:
        throw this.#from.broken('its writer broke off with an exception')
      default:
        throw this.#from.broken('something else in the place of an object')
    }
  }

  /** A string where nothing else may be: the name of a constant or of a field's class. */
  #string(depth: number): string {
    const text = this.#content(depth)
    if (typeof text !== 'string') throw this.#from.broken('something else in the place of a string')
    return text
  }

  #object(depth: number): SessionValue {
    const lineage = this.#class(depth)
    if (lineage === undefined) throw this.#from.broken('an object without a class')
    return this.#links.hold(depth, () => {
      const fields = new Map<string, SessionValue>()
      const written = new Map<string, readonly SessionValue[]>()
      for (const level of lineage) {
        for (const field of level.fields) fields.set(field.name, this.#primitiveOrContent(field.type, depth + 1))
        if (this.#hasAnnotation(level)) written.set(level.name, this.#annotation(depth + 1))
      }
      return meaningOf({ classes: lineage.map(({ name }) => name), fields, written })
    })
  }

  #hasAnnotation({ flags }: JavaClass): boolean {
    if (!(flags & SC_EXTERNALIZABLE)) return (flags & SC_SERIALIZABLE) !== 0 && (flags & SC_WRITE_METHOD) !== 0
    // Protocol version 1, before JDK 1.2: only the class itself knows where its data ends.
    if (!(flags & SC_BLOCK_DATA)) throw this.#from.broken('data whose end only its class knows')
    return true
  }

  #array(depth: number): SessionValue {
    const type = this.#class(depth)?.at(-1)?.name
    if (!type?.startsWith('[')) throw this.#from.broken('an array whose class is none of an array')
    return this.#links.hold(depth, () => {
      const size = this.#from.take(4).readInt32BE()
      if (size < 0 || size > this.#from.left) throw this.#from.broken('claims a length beyond its end')
      const component = type.charAt(1)
      if (component === 'C') return textOfChars(this.#from.take(size * 2))
      const values: SessionValue[] = []
      while (values.length < size) values.push(this.#primitiveOrContent(component, depth + 1))
      return values
    })
  }

  /** A value of a field or of an element, by the code of its type. */
  #primitiveOrContent(type: string, depth: number): SessionValue {
    if (type === 'L' || type === '[') return this.#content(depth)
    this.#links.count(depth)
    switch (type) {
      case 'B':
        return this.#from.take(1).readInt8()
      case 'C':
        return textOfChars(this.#from.take(2))
      case 'D':
        return this.#from.take(8).readDoubleBE()
      case 'F':
        return this.#from.take(4).readFloatBE()
      case 'I':
        return this.#from.take(4).readInt32BE()
      case 'J': {
        const long = this.#from.take(8).readBigInt64BE()
        return Number.isSafeInteger(Number(long)) ? Number(long) : long
      }
      case 'S':
        return this.#from.take(2).readInt16BE()
      case 'Z':
        return this.#from.byte() !== 0
      default:
        throw this.#from.broken('a type that Java does not have')
    }
  }

  /** The descriptor of a class, or undefined for none. It counts as no value, but for its depth. */
  #class(depth: number): Lineage | undefined {
    this.#links.count(depth, 0)
    const type = this.#from.byte()
    switch (type) {
      case TC_NULL:
        return undefined
      case TC_REFERENCE: {
        // One that is still being read is not among them: none can be above itself.
        const lineage = this.#classes.get(this.#handle())
        if (lineage === undefined) throw this.#from.broken('a reference to no class')
        return lineage
      }
      case TC_CLASSDESC:
      case TC_PROXYCLASSDESC:
        return this.#newClass(type, depth)
      default:
        throw this.#from.broken('something else in the place of a class')
    }
  }

  #newClass(type: typeof TC_CLASSDESC | typeof TC_PROXYCLASSDESC, depth: number): Lineage {
    const [own, handle] = type === TC_CLASSDESC ? this.#describedClass(depth) : this.#proxyClass()
    this.#annotation(depth + 1)
    const above = this.#class(depth + 1) ?? []
    if (above.length >= maxDepth) throw this.#from.broken(`a class below more than ${maxDepth} others`)
    const lineage = [...above, own]
    this.#classes.set(handle, lineage)
    return lineage
  }

  #describedClass(depth: number): readonly [JavaClass, number] {
    const name = this.#utf()
    this.#from.take(8)
    const handle = this.#links.reserve()
    const flags = this.#from.byte()
    const fields: JavaField[] = []
    for (let left = this.#from.take(2).readUInt16BE(); left > 0; left--) {
      const type = String.fromCharCode(this.#from.byte())
      fields.push({ type, name: this.#utf() })
      if (type === 'L' || type === '[') this.#string(depth + 1)
    }
    return [{ name, flags, fields: flags & SC_SERIALIZABLE ? fields : [] }, handle]
  }

  /** Of a proxy only its interfaces are told; its handler is a field of `java.lang.reflect.Proxy`, above it. */
  #proxyClass(): readonly [JavaClass, number] {
    const handle = this.#links.reserve()
    for (let left = this.#from.take(4).readInt32BE(); left > 0; left--) this.#utf()
    return [{ name: '', flags: SC_SERIALIZABLE, fields: [] }, handle]
  }

  /** What a class or an object has beside its fields. Of that the objects; bytes mean something to its class alone. */
  #annotation(depth: number): readonly SessionValue[] {
    const objects: SessionValue[] = []
    for (let type = this.#from.peek(); type !== TC_ENDBLOCKDATA; type = this.#from.peek()) {
      if (type === TC_BLOCKDATA) this.#from.take(this.#from.take(2).readUInt8(1))
      else if (type === TC_BLOCKDATALONG) this.#from.take(this.#from.take(5).readInt32BE(1))
      else objects.push(this.#content(depth))
    }
    this.#from.byte()
    return objects
  }

  /** The number of what a handle means. */
  #handle(): number {
    return this.#from.take(4).readInt32BE() - firstHandle
  }

  #utf(): string {
    return this.#text(this.#from.take(2).readUInt16BE())
  }

  #text(length: number): string {
    const text = textOfModifiedUtf8(this.#from.take(length))
    if (text === undefined) throw this.#from.broken('a string that is not modified UTF-8')
    return text
  }
}
