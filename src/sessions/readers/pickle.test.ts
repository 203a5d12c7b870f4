import { describe, expect, test } from 'vitest'
import { readPickle } from './pickle.ts'
import * as written from './testing/pickle.ts'
import { testHostile } from './testing/refuses.ts'
import { maxDepth, maxPayloadBytes, valueAt, type SessionValue } from './value.ts'

const map = (fields: Readonly<Record<string, SessionValue>>) => new Map(Object.entries(fields))

test.each(written.django.map((payload, protocol) => [protocol, payload] as const))(
  'a session of Django in protocol %i',
  (protocol, payload) => {
    const session = readPickle(payload)
    expect(valueAt(session, ['_auth_user_id'])).toBe('42')
    // Before protocol 3 bytes, and before 4 sets, are made by a call.
    const called = undefined
    expect(session).toEqual(
      map({
        _auth_user_id: '42',
        _auth_user_backend: 'django.contrib.auth.backends.ModelBackend',
        _auth_user_hash: 'a1b2',
        cart: [1, 2, map({ sku: 'ü-1', n: 2 })],
        seen: [1, null, true],
        big: 2n ** 70n,
        neg: -5,
        f: 1.5,
        raw: protocol < 3 ? called : 'ÿ\u0000',
        tags: protocol < 4 ? called : ['a'],
        fs: protocol < 4 ? called : [7],
      }),
    )
  },
)

test('what Python would make by a call is undefined, what is there twice is there twice, and a cycle ends', () => {
  expect(readPickle(written.objects)).toEqual(
    map({ _auth_user_id: '42', at: undefined, price: undefined, self: undefined, one: ['x'], two: ['x'] }),
  )
})

test.each([0, 1, 2])('objects are the map of their state (payload %i)', (which) => {
  const value = readPickle(written.classes[which] ?? Buffer.alloc(0))
  expect(valueAt(value, ['user', 'name'])).toBe('ann')
  expect(valueAt(value, ['user', 'me'])).toBeUndefined()
  if (which > 0) expect(valueAt(value, ['slots', 'a'])).toBe(1)
})

test('protocol 0 escapes all that is not Latin-1', () => {
  expect(readPickle(written.escaped)).toEqual(map({ _auth_user_id: '42', name: '😀\\ü\n' }))
})

/** Texts of Python 2, as `pickle.loads(…, encoding='latin1')` of Python 3.11 reads them. */
test.each([
  [String.raw`S'it\'s \xfc\\ \n'`, "it's ü\\ \n"],
  [`S"it's"`, "it's"],
  [String.raw`S'\xc3\xbc'`, 'ü'],
])('%s', (line, text) => {
  expect(readPickle(Buffer.from(`${line}\n.`, 'latin1'))).toBe(text)
})

test('an object has what lies in its dict and in its slots', () => {
  expect(readPickle(written.dictAndSlots)).toEqual(map({ user: map({ name: 'ann', a: 1 }) }))
})

describe('hostile', () => {
  const pickle = (latin1: string) => Buffer.from(latin1, 'latin1')
  /** A list that holds the one before it twice, and so on. */
  const laughs = `]q\u0000${'(h\u0000h\u0000lq\u0000'.repeat(40)}.`
  testHostile({
    reader: readPickle,
    samples: [...written.django, written.objects, ...written.classes, written.escaped, written.dictAndSlots],
    tokens: ['\u0080\u0005', '(', 'l', 't', 'd', '}', ']', '\u0094', 'h\u0000', 'q\u0000', 'a', 'e', 'u', 's', 'b', 'R', '\u0081', 'cos\nsystem\n', '0', '1', '2', 'K\u0001', 'N', '.', '\u008c\u0001a'], // prettier-ignore
    table: {
      nothing: pickle(''),
      'no value': pickle('.'),
      'a mark for a value': pickle('(.'),
      'a text that is longer than it': pickle('X\u00ff\u00ff\u00ff\u007fabc.'),
      'a text of 2^63 bytes': pickle('\u008d\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0080abc.'),
      'a number of 2 GiB': pickle('\u008b\u00ff\u00ff\u00ff\u007f1.'),
      'a million digits': pickle(`L${'9'.repeat(1_000_000)}L\n.`),
      'too deep': pickle(`${'('.repeat(maxDepth + 2)}N${'t'.repeat(maxDepth + 2)}.`),
      'very deep': pickle(`${'('.repeat(500_000)}N${'t'.repeat(500_000)}.`),
      'a billion laughs': pickle(laughs),
      'a long state at which many look': pickle(
        `(NN\u0081(${'N'.repeat(400_000)}tbq\u00000(${'h\u0000'.repeat(200_000)}tt.`,
      ),
      'a character that is not there': pickle('V\\U00110000\n.'),
      'an escape that Python does not write': pickle("S'\\q'\n."),
      'more than is read': Buffer.alloc(maxPayloadBytes + 1, 'N'),
      'a persistent id': pickle('Pabc\n.'),
      'a number that nothing has': pickle('h\u0009.'),
      'more behind its end': pickle('N.N'),
      'a list in a number': pickle('K\u0001K\u0002a.'),
    },
  })

  test('a name that would run a program is read, and is nothing', () => {
    expect(readPickle(pickle("cos\nsystem\n(S'true'\ntR."))).toBeUndefined()
  })
})
