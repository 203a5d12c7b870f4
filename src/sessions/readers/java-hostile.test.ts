import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJava } from './java.ts'
import { beginningsOf, changesOf, outcomeOf } from './testing/bounded.ts'
import * as kinds from './testing/java-kinds.ts'
import * as written from './testing/java.ts'
import { maxDepth, maxPayloadBytes, maxValues, Undecodable } from './value.ts'

/** A stream of parts: bytes, and text as its bytes are. */
const stream = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat([
    Buffer.from('aced0005', 'hex'),
    ...parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
  ])
const int = (value: number) => [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
const reference = (number: number) => [0x71, ...int(0x7e0000 + number)]
const utf = (text: string) => [text.length >> 8, text.length & 0xff, ...Buffer.from(text, 'latin1')]
/** A descriptor up to where the class above it comes. */
const descriptor = (name: string, flags: number) => [0x72, ...utf(name), ...int(0), ...int(0), flags, 0, 0, 0x78]
const noClass = 0x70
const serializable = 2

describe('hostile payloads', () => {
  const objects = [...descriptor('[Ljava.lang.Object;', serializable), noClass]
  /** An array of arrays of objects, each with references to the one before. Numbers: its class, itself, then the arrays in it. */
  const linked = (count: number, links: (before: number) => readonly number[]) =>
    stream(
      [0x75, ...objects, ...int(count), 0x75, ...reference(0), ...int(0)],
      Array.from({ length: count - 1 }, (_, at) => [0x75, ...reference(0), ...links(at + 2)]).flat(),
    )
  const twice = (before: number) => [...int(2), ...reference(before), ...reference(before)]
  const once = (before: number) => [...int(1), ...reference(before)]
  const classes = (count: number) =>
    stream(
      [0x75, ...objects, ...int(count)],
      [0x76, ...descriptor('A', serializable), noClass],
      // Each takes two numbers: of its descriptor, and its own.
      ...Array.from({ length: count - 1 }, (_, at) => [
        0x76,
        ...descriptor('A', serializable),
        ...reference(2 + 2 * at),
      ]),
    )

  /** A UUID whose halves are doubles, by their bits. */
  const oddUuid = (half: string) =>
    stream(
      [0x73, 0x72, ...utf('java.util.UUID'), ...int(0), ...int(0), serializable, 0, 2],
      [0x44, ...utf('mostSigBits'), 0x44, ...utf('leastSigBits'), 0x78, noClass],
      [...Buffer.from(half, 'hex'), ...Buffer.from(half, 'hex')],
    )

  test.each([
    ['a fraction', oddUuid('3fe0000000000000')],
    ['no number', oddUuid('7ff8000000000000')],
  ])('a field that is %s where the class has a whole number', (_, payload) => {
    expect(readJava(payload)).toBeUndefined()
  })

  test.each([
    ['nothing', new Uint8Array()],
    ['another version', Buffer.from('aced000470', 'hex')],
    ['no object', stream()],
    ['bytes in the place of an object', stream([0x77, 1, 0])],
    ['a reset in the place of an object', stream([0x79, 0x70])],
    ['a type that does not exist', stream([0x7f])],
    ['bytes behind the end', stream([0x70, 0x70])],
    ['a stream whose writer failed', kinds.exception],
    ['more than the most bytes', stream([0x7c, ...int(0), ...int(maxPayloadBytes)], 'x'.repeat(maxPayloadBytes))],
    ['more than the most values', stream([0x75, ...objects, ...int(maxValues)], Array(maxValues).fill(0x70))],
    ['a string that claims 64 KiB', stream([0x74, 0xff, 0xff])],
    ['a long string that claims 2^64 bytes', stream([0x7c, ...int(-1), ...int(-1)])],
    ['a string that is not modified UTF-8', stream([0x74, 0, 1, 0xff])],
    ['a string that ends within a character', stream([0x74, 0, 1, 0xc3])],
    ['an array that claims 2^31 elements', stream([0x75, ...objects, ...int(0x7fffffff), 0x70])],
    ['an array of a negative length', stream([0x75, ...objects, ...int(-1)])],
    ['a char[] that claims more than there is', stream([0x75, ...descriptor('[C', 2), noClass, ...int(3), 0, 0, 0, 0])],
    ['an array whose class is none of an array', stream([0x75, ...descriptor('A', 2), noClass, ...int(0)])],
    ['an array of a type that does not exist', stream([0x75, ...descriptor('[?', 2), noClass, ...int(1), 0])],
    ['a class with 65,535 fields that are not there', stream([0x73, 0x72], utf('A'), int(0), int(0), [2, 0xff, 0xff])],
    ['a proxy of 2^31 interfaces', stream([0x73, 0x7d, ...int(0x7fffffff)])],
    [
      'a field whose class is no string',
      stream([0x73, 0x72, ...utf('A'), ...int(0), ...int(0), 2, 0, 1], 'L', utf('f'), [0x70]),
    ],
    ['an object without a class', stream([0x73, 0x70])],
    ['an object of protocol version 1', stream([0x73, ...descriptor('A', 4), noClass, 0x77, 1, 0, 0x78])],
    ['a constant without a name', stream([0x7e, ...descriptor('A', 0x12), noClass, 0x70])],
    ['a class above itself', stream([0x73, ...descriptor('A', 2), ...reference(0)])],
    ['an object in the place of a class', stream([0x73, 0x74, 0, 0])],
    ['a reference to nothing', stream([0x75, ...objects, ...int(1), ...reference(2)])],
    ['a reference to before all', stream([0x75, ...objects, ...int(1), ...reference(-1)])],
    ['bytes of a class that end nowhere', stream([0x73, ...descriptor('A', 3), noClass, 0x7a, ...int(0x7fffffff)])],
    [
      'bytes of a class, a negative number of them',
      stream([0x73, ...descriptor('A', 3), noClass, 0x7a, ...int(-5), 0x78]),
    ],
    [
      'arrays in arrays',
      stream([0x75, ...objects], ...Array.from({ length: 50_000 }, () => [...int(1), 0x75, ...reference(0)])),
    ],
    ['classes above classes', stream([0x73], ...Array.from({ length: 20_000 }, () => descriptor('A', 2)))],
    ['classes above classes by reference', classes(maxDepth + 2)],
    [
      'classes in what describes classes',
      stream([0x73], ...Array.from({ length: 20_000 }, () => descriptor('A', 2).slice(0, -1))),
    ],
    ['references that double what they are to', linked(30, twice)],
    ['references to references, deeper than anything may be', linked(100, once)],
  ])(
    'refused: %s',
    (_what, payload) => {
      expect(outcomeOf(readJava, payload)).toBe('refused')
    },
    5000,
  )

  test.each([
    ['references, while what they are to stays within the limits', linked(10, twice)],
    ['references to references, within the limits', linked(50, once)],
    ['classes above classes, within the limits', classes(maxDepth)],
    ['copies that are only claimed', stream([0x73, ...descriptor('java.util.Collections$CopiesList', 2), noClass])],
    ['a UUID without its bits', stream([0x73, ...descriptor('java.util.UUID', 2), noClass])],
    ['a Vector without its elements', stream([0x73, ...descriptor('java.util.Vector', 2), noClass])],
    ['a BigInteger without its magnitude', stream([0x73, ...descriptor('java.math.BigInteger', 2), noClass])],
    ['a descriptor by itself', stream([...descriptor('A', 2), noClass])],
  ])(
    'read: %s',
    (_what, payload) => {
      expect(outcomeOf(readJava, payload)).toBe('read')
    },
    5000,
  )

  test.each(Object.entries({ ...written, ...kinds }))('refused at whatever byte it ends: %s', (_name, payload) => {
    for (const beginning of beginningsOf(payload)) expect(outcomeOf(readJava, beginning)).toBe('refused')
  })

  test.each(Object.entries({ ...written, cycle: kinds.cycle }))(
    'read or refused, and never anything else, with any byte made another: %s',
    (_name, payload) => {
      const outcomes = new Set<string>()
      for (const change of changesOf(payload, [0, 1, 3, 0x70, 0x71, 0x78, 0xff]))
        outcomes.add(outcomeOf(readJava, change))
      expect(outcomes).toEqual(new Set(['read', 'refused']))
    },
  )

  test('read or refused, and never anything else: any parts of a stream', () => {
    const part = fc.oneof(
      fc.integer({ min: 0x70, max: 0x7e }).map((type) => [type]),
      fc.integer({ min: 0, max: 8 }).map(reference),
      fc.constantFrom([...descriptor('A', 3), noClass], [...descriptor('java.util.HashMap', 3), noClass], objects),
      fc.constantFrom(descriptor('java.util.UUID', 2), utf('a'), int(1), int(2), [0]),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        expect(outcomeOf(readJava, stream(...parts))).toMatch(/^(read|refused)$/)
      }),
      { numRuns: 3000 },
    )
  })

  test('an error says nothing of what a payload says', () => {
    const text = /alice|spring|security|user|role|192|password/i
    for (const beginning of beginningsOf(written.securityContext)) {
      let error: unknown
      try {
        readJava(beginning)
      } catch (caught) {
        error = caught
      }
      expect(error).toBeInstanceOf(Undecodable)
      expect(String(error).replace(/byte [0-9]+/, '')).not.toMatch(text)
    }
  })
})
