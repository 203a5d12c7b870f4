import { mapOfPairs } from './keys.ts'
import type { SessionValue } from './value.ts'

/** What a stream says of an object, of its own class and of those above it. */
export interface JavaObject {
  /** The names of its classes, its own last. */
  readonly classes: readonly string[]
  /** A field of a class hides one of that name in a class above. */
  readonly fields: ReadonlyMap<string, SessionValue>
  /** The objects that `writeObject` of a class wrote beside the fields, by the name of that class. */
  readonly written: ReadonlyMap<string, readonly SessionValue[]>
}

type Meaning = (fields: ReadonlyMap<string, SessionValue>, written: readonly SessionValue[]) => SessionValue

/** What an object means: that of the nearest of its classes that is known, else its fields. */
export const meaningOf = ({ classes, fields, written }: JavaObject): SessionValue => {
  const known = classes.findLast((name) => meanings.has(name))
  const meaning = known === undefined ? undefined : meanings.get(known)
  return meaning && known !== undefined ? meaning(fields, written.get(known) ?? []) : fields
}

const field =
  (name: string): Meaning =>
  (fields) =>
    fields.get(name)

const elements: Meaning = (_fields, written) => written

/** A null ends them. */
const elementsBeforeNull: Meaning = (_fields, written) => written.slice(0, -1)

/** What comes first is how it compares. */
const elementsBehindComparator: Meaning = (_fields, written) => written.slice(1)

const pairs: Meaning = (_fields, written) => mapOfPairs(written)

const keysOf =
  (name: string): Meaning =>
  (fields) => {
    const map = fields.get(name)
    return map instanceof Map ? [...map.keys()] : undefined
  }

const vector: Meaning = (fields) => {
  const [array, count] = [fields.get('elementData'), fields.get('elementCount')]
  return Array.isArray(array) && typeof count === 'number' ? array.slice(0, Math.max(0, count)) : undefined
}

/** `java.util.CollSer`, what `List.of`, `Set.of` and `Map.of` become: 3 is a map. */
const immutable: Meaning = (fields, written) => {
  const tag = fields.get('tag')
  return typeof tag === 'number' && (tag & 0xff) === 3 ? mapOfPairs(written) : written
}

const uuid: Meaning = (fields) => {
  const halves = [fields.get('mostSigBits'), fields.get('leastSigBits')].map((bits) =>
    Number.isInteger(bits) || typeof bits === 'bigint'
      ? BigInt.asUintN(64, BigInt(bits as number | bigint))
      : undefined,
  )
  if (halves.includes(undefined)) return undefined
  const digits = halves.map((bits) => bits?.toString(16).padStart(16, '0')).join('')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const bigInteger: Meaning = (fields) => {
  const [sign, magnitude] = [fields.get('signum'), fields.get('magnitude')]
  // A hostile stream may declare the field as a double.
  if (typeof sign !== 'number' || !Number.isInteger(sign) || !Array.isArray(magnitude)) return undefined
  const bytes = magnitude.map((byte: SessionValue) => (typeof byte === 'number' ? byte : 0))
  return BigInt(Math.sign(sign)) * BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)
}

const named = (meaning: Meaning, prefix: string, names: readonly string[]) =>
  names.map((name) => [prefix + name, meaning] as const)

const collections = 'java.util.Collections$'
const concurrent = 'java.util.concurrent.'

/** As OpenJDK 17 writes them: each class's own `writeObject` says what is beside its fields, and in which order. */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  ...named(field('value'), 'java.lang.', ['Boolean', 'Character']),
  ...named(field('value'), 'java.lang.', ['Byte', 'Short', 'Integer', 'Long', 'Float', 'Double']),
  ...named(elements, 'java.util.', ['ArrayList', 'LinkedList', 'ArrayDeque', 'PriorityQueue', 'HashSet']),
  ...named(elements, concurrent, ['CopyOnWriteArrayList']),
  ...named(elementsBeforeNull, concurrent, ['ConcurrentLinkedQueue', 'ConcurrentLinkedDeque']),
  ...named(elementsBehindComparator, 'java.util.', ['TreeSet']),
  ...named(vector, 'java.util.', ['Vector']),
  ...named(field('a'), 'java.util.', ['Arrays$ArrayList']),
  ...named(field('al'), concurrent, ['CopyOnWriteArraySet']),
  ...named(field('elements'), 'java.util.', ['EnumSet$SerializationProxy']),
  ...named(keysOf('m'), concurrent, ['ConcurrentSkipListSet']),
  ...named(keysOf('map'), concurrent, ['ConcurrentHashMap$KeySetView']),
  ...named(pairs, 'java.util.', ['HashMap', 'TreeMap', 'Hashtable', 'EnumMap', 'IdentityHashMap']),
  ...named(pairs, concurrent, ['ConcurrentHashMap', 'ConcurrentSkipListMap']),
  ...named(immutable, 'java.util.', ['CollSer']),
  ...named(field('c'), collections, ['UnmodifiableCollection', 'SynchronizedCollection', 'CheckedCollection']),
  ...named(field('m'), collections, ['UnmodifiableMap', 'SynchronizedMap', 'CheckedMap']),
  ...named(keysOf('m'), collections, ['SetFromMap']),
  ...named(() => [], collections, ['EmptyList', 'EmptySet']),
  ...named(() => new Map(), collections, ['EmptyMap']),
  ...named((fields) => [fields.get('element')], collections, ['SingletonList', 'SingletonSet']),
  ...named((fields) => mapOfPairs([fields.get('k'), fields.get('v')]), collections, ['SingletonMap']),
  ...named(uuid, 'java.util.', ['UUID']),
  ...named(bigInteger, 'java.math.', ['BigInteger']),
])
