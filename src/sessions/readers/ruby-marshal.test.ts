import { deflateSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCacheEntry, readRubyMarshal } from './ruby-marshal.ts'
import { beginningsOf, changesOf, outcomeOf } from './testing/bounded.ts'
import * as written from './testing/ruby-marshal.ts'
import { maxPayloadBytes, maxValues, type SessionValue, Undecodable, valueAt } from './value.ts'

const map = (fields: Readonly<Record<string, SessionValue>>) => new Map(Object.entries(fields))
const bytes = (latin1: string) => Buffer.from(latin1, 'latin1')
const marshal = (latin1: string) => bytes(`\u0004\u0008${latin1}`)

/** A number as Marshal writes large ones: four bytes, the least first. */
const number = (value: number) => {
  const digits = Buffer.alloc(5, 4)
  digits.writeUInt32LE(value, 1)
  return digits.toString('latin1')
}

describe('sessions that redis-store wrote', () => {
  test.each([
    ['of Devise', written.devise, ['warden.user.user.key', '0', '0'], 42],
    [
      'of Devise, another scope',
      written.deviseByUuid,
      ['warden.user.admin.key', '0', '0'],
      '0b0e7c3a-9a35-4c4f-8f3e-3f2b0f6f4a11',
    ],
  ])('the owner is found: %s', (_whose, payload, path, owner) => {
    expect(valueAt(readRubyMarshal(payload), path)).toBe(owner)
  })

  test('all of a session is read', () => {
    expect(readRubyMarshal(written.devise)).toEqual(
      map({
        session_id: '5f9a1c0e7d3b4a62815f9a1c0e7d3b4a',
        _csrf_token: 'kq2dUQy0m2mP0hJ9n3wZ1J5tTq3o0oXW8q1Qp1aJm1k=',
        'warden.user.user.key': [[42], '$2a$12$abcdefghijklmnopqrstuu'],
        'warden.user.user.session': map({ last_request_at: 1_780_000_000n }),
        flash: map({ discard: [], flashes: map({ notice: 'Signed in successfully.' }) }),
      }),
    )
  })
})

describe('each type', () => {
  const kinds = readRubyMarshal(written.kinds)

  test.each<readonly [string, SessionValue]>([
    ['plain', [null, true, false]],
    ['integers', [0, 1, -1, 122, 123, 255, 256, -123, -124, -129, -256, -257, 65_536, 2 ** 30 - 1, -(2 ** 30)]],
    ['bignums', [2n ** 30n, -(2n ** 30n) - 1n, 2n ** 62n, 2n ** 64n, -(2n ** 64n), 10n ** 30n]],
    ['floats', [0, -0, 1.5, 1.5, -2.25e-10, 1e100, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]],
    ['symbols', ['a', 'b', 'a', 'ü', 'ü']],
    ['utf8', 'Grüße'],
    ['ascii', 'plain'],
    ['binary', 'ÿ\u0000a'],
    ['binary utf8', 'José'],
    ['latin1', 'Grüße'],
    ['utf16', 'Grüße'],
    ['sjis', ['こんにちは', 'は']],
    ['sjis symbol', 'は'],
    ['with ivars', 'text'],
    ['default', map({ a: 1 })],
    ['indifferent', map({ user: map({ name: 'bob' }) })],
    ['struct', map({ x: 1, y: 'two' })],
    ['object', map({ '@name': 'Acme', '@tags': ['a', 'b'] })],
    ['marshal_dump', map({ cents: 999 })],
    ['_dump', '1.2.3'],
    ['extended', [map({ '@name': 'Loud', '@tags': ['a', 'b'] }), [1]]],
    ['subclasses', [['x'], 'Dr']],
    ['safe', '<b>'],
    ['regexps', ['a+b', 'ü']],
    ['modules', ['String', 'Loud']],
    ['range', map({ excl: false, begin: 1, end: 3 })],
    ['numbers', [[1, 3], [1, 2], '18:0.12345e4']],
    ['times', [undefined, undefined]],
    ['zone', [undefined, 'Berlin', undefined]],
    ['date', [0, 2_461_372, 0, 0, 0, 2_299_161]],
    ['set', map({ '@hash': map({ x: true, y: true }) })],
    ['5', 'by an integer'],
    [String(2n ** 70n), 'by a bignum'],
    ['sym', 'by a symbol'],
    ['__proto__', new Map([['polluted', true]])],
  ])('is read as what it means: %s', (name, value) => {
    expect(kinds instanceof Map && kinds.has(name)).toBe(true)
    expect(valueAt(kinds, [name])).toEqual(value)
  })

  test('a key that has no text is left out', () => {
    expect(kinds).toHaveProperty('size', 35)
  })

  test('an object of a C extension is what it gave, and a module of before Ruby 1.8 its name', () => {
    expect(readRubyMarshal(marshal('d:\u0006Ai\u0006'))).toBe(1)
    expect(readRubyMarshal(marshal('M\u0006A'))).toBe('A')
  })
})

test('objects have the numbers that Ruby gave them: a link behind a value of each type is to the array before it', () => {
  const links = readRubyMarshal(written.links)
  const triples = Array.isArray(links)
    ? Array.from({ length: links.length / 3 }, (_, at) => links.slice(at * 3, at * 3 + 3))
    : []
  expect(triples).toHaveLength(37)
  for (const [, mark, again] of triples) {
    expect(mark).toHaveLength(1)
    expect(again).toBe(mark)
  }
})

test('a symbol has its number before its encoding, an object with _dump its own after the instance variables', () => {
  expect(readRubyMarshal(written.order)).toEqual(['ü', 'text', 'ü', 'dump', 'dump'])
})

test('what lies inside of itself is undefined there, and no value is cyclic', () => {
  const list = [1, undefined, map({ list: undefined })]
  expect(readRubyMarshal(written.cycle)).toEqual(
    map({
      list,
      account: map({ '@name': 'self', '@tags': ['a', 'b'], '@self': undefined }),
      'list again': list,
    }),
  )
  expect(outcomeOf(readRubyMarshal, written.cycle)).toBe('read')
})

describe('entries of the cache of Rails', () => {
  test.each([
    ['as it is', written.cachedDevise],
    ['compressed', written.cachedCart],
  ])('the owner is found: %s', (_how, payload) => {
    expect(valueAt(readCacheEntry(payload), ['warden.user.user.key', '0', '0'])).toBe(42)
  })

  test('a compressed one is read to its end', () => {
    expect(valueAt(readCacheEntry(written.cachedCart), ['cart', '79'])).toEqual(map({ sku: 'article-80', count: 80 }))
  })

  test('an entry may hold nothing', () => {
    expect(readCacheEntry(written.cachedNil)).toBeNull()
  })

  /** As Rails writes one, with the names of its instance variables. */
  const entry = (
    value: string,
    [name, compressed]: readonly [string, string] = ['\u000b@value', '\u0010@compressed'],
  ) => marshal(`o:\u0020ActiveSupport::Cache::Entry\u0007:${name}${value}:${compressed}T`)
  const string = (content: Buffer) => `"${number(content.length)}${content.toString('latin1')}`
  const five = deflateSync(marshal('i\u000a'))

  test('an entry of before Rails 5 has other names', () => {
    expect(readCacheEntry(entry(string(five)))).toBe(5)
    expect(readCacheEntry(entry(string(five), ['\u0007@v', '\u0007@c']))).toBe(5)
  })

  test.each([
    ['a session without an entry', written.devise],
    ['one that is compressed, and no string', entry('i\u000a')],
    ['one that does not inflate', entry(string(bytes('no zlib')))],
    ['one that is compressed, and not whole', entry(string(five.subarray(0, -1)))],
    ['one that goes on after what is compressed', entry(string(Buffer.concat([five, five])))],
    ['a bomb', entry(string(deflateSync(Buffer.alloc(64 * maxPayloadBytes))))],
    ['one without a value', marshal('o:\u0020ActiveSupport::Cache::Entry\u0000')],
  ])('refused: %s', (_what, payload) => {
    expect(outcomeOf(readCacheEntry, payload)).toBe('refused')
  })
})

describe('hostile payloads', () => {
  const repeated = (text: string) => text.repeat(100_000)
  /** An array of arrays, each with links to the one before. */
  const linked = (count: number, links: (before: number) => string) =>
    marshal(`[${number(count)}[\u0000${Array.from({ length: count - 1 }, (_, at) => links(at + 1)).join('')}`)

  test.each([
    ['nothing', bytes('')],
    ['another version', bytes('\u0004\u00090')],
    ['a type that does not exist', marshal('?')],
    ['bytes behind the end', marshal('00')],
    ['more than the most bytes', marshal(`"${number(maxPayloadBytes)}${'x'.repeat(maxPayloadBytes)}`)],
    ['more than the most values', marshal(`[${number(maxValues)}${'0'.repeat(maxValues)}`)],
    ['a string that claims 4 GiB', marshal(`"${number(0xffff_ffff)}`)],
    ['a string of a negative length', marshal('"\u00fa')],
    ['an array that claims 2^32 elements', marshal(`[${number(0xffff_ffff)}0`)],
    ['a hash that claims 2^32 pairs', marshal(`{${number(0xffff_ffff)}0`)],
    ['a Bignum that claims 8 GiB', marshal(`l+${number(0xffff_ffff)}`)],
    ['2^32 instance variables', marshal(`I"\u0000${number(0xffff_ffff)}`)],
    ['a Bignum without a sign', marshal('l?\u0006aa')],
    ['a Float that is no number', marshal('f\u00090x1p')],
    ['arrays in arrays', marshal(`${repeated('[\u0006')}0`)],
    ['hashes in hashes', marshal(`${repeated('{\u00060')}0`)],
    ['objects in objects', marshal(`${repeated('o:\u0006A\u0006:\u0006b')}0`)],
    ['what marshal_dump gave, in itself', marshal(`${repeated('U:\u0006A')}0`)],
    ['symbols whose encodings are named by symbols', marshal(repeated('I:\u0006a\u0006'))],
    ['instance variables twice', marshal('II"\u0000\u0000\u0000')],
    ['a class that is no symbol', marshal('o"\u0006A\u0000')],
    ['a link to nothing', marshal('[\u0006@\u0007')],
    ['a link to before all', marshal('[\u0006@\u00fa')],
    ['a link to no symbol', marshal(';\u0000')],
    ['links that double what they are to', linked(30, (before) => `[\u0007@${number(before)}@${number(before)}`)],
    ['links to links, deeper than anything may be', linked(100, (before) => `[\u0006@${number(before)}`)],
  ])(
    'refused: %s',
    (_what, payload) => {
      expect(outcomeOf(readRubyMarshal, payload)).toBe('refused')
    },
    5000,
  )

  test.each([
    ['any number of modules that extend one object', marshal(`${repeated('e:\u0006A')}0`), null],
    [
      'a long number, again and again as a key',
      marshal(`{${number(301)}l+${number(200_000)}${'x'.repeat(400_000)}0${'@\u00060'.repeat(300)}`),
      new Map(),
    ],
    ['a string that is not of the encoding it says', marshal('I"\u0006\u00ff\u0006:\u0006ET'), '\ufffd'],
    ['an encoding that nobody knows', marshal('I"\u0006a\u0006:\u000dencoding"\u0006x'), 'a'],
  ])(
    'read: %s',
    (_what, payload, value) => {
      expect(readRubyMarshal(payload)).toEqual(value)
    },
    5000,
  )

  test('links are read while what they are to stays within the limits', () => {
    expect(
      outcomeOf(
        readRubyMarshal,
        linked(10, (before) => `[\u0007@${number(before)}@${number(before)}`),
      ),
    ).toBe('read')
    expect(
      outcomeOf(
        readRubyMarshal,
        linked(50, (before) => `[\u0006@${number(before)}`),
      ),
    ).toBe('read')
  })

  const whole = Object.entries(written)

  test.each(whole)('refused at whatever byte it ends: %s', (name, payload) => {
    const reader = name.startsWith('cached') ? readCacheEntry : readRubyMarshal
    for (const beginning of beginningsOf(payload)) expect(outcomeOf(reader, beginning)).toBe('refused')
  })

  test.each(whole)('read or refused, and never anything else, with any byte made another: %s', (name, payload) => {
    const reader = name.startsWith('cached') ? readCacheEntry : readRubyMarshal
    const outcomes = new Set<string>()
    for (const change of changesOf(payload, [0, 4, 6, 0xfa, 0xff, 0x40])) outcomes.add(outcomeOf(reader, change))
    expect(outcomes).toEqual(new Set(['read', 'refused']))
  })

  test('read or refused, and never anything else: any bytes', () => {
    const tokens = fc.oneof(
      fc.nat(23).map((type) => '0TFi:;"/[{}oSuUdCeIlfcmM@'.charAt(type)),
      fc.constantFrom('\u0000', '\u0001', '\u0006', '\u0007', '\u00fa', ':\u0006a', ':\u0006E', '@\u0006'),
      fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    )
    fc.assert(
      fc.property(fc.array(tokens, { maxLength: 60 }), (parts) => {
        expect(outcomeOf(readRubyMarshal, marshal(parts.join('')))).toMatch(/^(read|refused)$/)
      }),
      { numRuns: 3000 },
    )
  })

  test('an error says nothing of what a payload says', () => {
    const text = /warden|session|csrf|flash|42|Signed/i
    for (const beginning of beginningsOf(written.devise)) {
      let error: unknown
      try {
        readRubyMarshal(beginning)
      } catch (caught) {
        error = caught
      }
      expect(error).toBeInstanceOf(Undecodable)
      expect(String(error).replace(/byte [0-9]+/, '')).not.toMatch(text)
    }
  })
})
