import { describe, expect, test } from 'vitest'
import { readPhp, readPhpSession } from './php.ts'
import * as written from './testing/php.ts'
import { testHostile } from './testing/refuses.ts'
import { maxDepth, maxPayloadBytes, valueAt, type SessionValue } from './value.ts'

const map = (fields: Readonly<Record<string, SessionValue>>) => new Map(Object.entries(fields))
const php = (latin1: string) => Buffer.from(latin1, 'latin1')

const cart = map({ 0: map({ sku: 'ü|1', n: 2 }), 7: null })
const account = map({ id: 42, name: 'Ann', secret: 'x', me: undefined })
const session = map({
  user: 'ann',
  id: 42,
  account,
  again: account,
  cart,
  ok: true,
  price: 1.5,
  inf: Number.POSITIVE_INFINITY,
  min: -5,
  role: 'Admin',
  big: 9_223_372_036_854_775_807n,
  ref: cart,
})

test('a session as the handler writes it', () => {
  expect(readPhpSession(written.session)).toEqual(session)
  expect(valueAt(readPhpSession(written.session), ['account', 'id'])).toBe(42)
})

test('the same, serialized in one', () => {
  expect(readPhp(written.serialized)).toEqual(session)
})

test('what serializes itself is read over', () => {
  expect(readPhp(written.custom)).toEqual(map({ 0: undefined, user: 'ann' }))
})

test('a link to what comes after something that serializes itself is undefined: nobody can tell what it means', () => {
  const users = { user: 'bob', p: 'eve', q: 'joe', r: 'kim' }
  expect(readPhp(written.nested)).toEqual(
    map({ first: 'ann', again: 'ann', box: undefined, ...users, owner: undefined, last: 'ann' }),
  )
})

test('an empty session', () => {
  expect(readPhpSession(php(''))).toEqual(new Map())
})

describe('hostile', () => {
  const laughs = `a:41:{i:0;a:0:{}${Array.from({ length: 40 }, (_, at) => `i:${at + 1};a:2:{i:0;R:${2 + at};i:1;R:${2 + at};}`).join('')}}`
  testHostile({
    reader: readPhp,
    samples: [written.serialized, written.custom, written.nested],
    tokens: [
      'a:1:{',
      'i:0;',
      's:1:"a";',
      'N;',
      'b:1;',
      'O:1:"A":1:{',
      '}',
      'R:1;',
      'r:1;',
      'd:1;',
      'E:3:"A:B";',
      'C:1:"A":1:{',
    ],
    table: {
      nothing: php(''),
      'a text that is longer than it': php('s:99999999:"abc";'),
      'elements that are not there': php('a:2000000000:{}'),
      'a length below nothing': php('s:-1:"";'),
      'elements below nothing': php('a:-1:{}'),
      'a million digits': php(`i:${'9'.repeat(1_000_000)};`),
      'too deep': php(`${'a:1:{i:0;'.repeat(maxDepth + 2)}N;${'}'.repeat(maxDepth + 2)}`),
      'very deep': php('a:1:{i:0;'.repeat(100_000)),
      'a billion laughs': php(laughs),
      'more than is read': php(`s:${maxPayloadBytes}:"${'x'.repeat(maxPayloadBytes)}";`),
      'a number that nothing has': php('a:1:{i:0;R:9;}'),
      'a list for a key': php('a:1:{a:0:{}N;}'),
      'more behind its end': php('N;N;'),
    },
  })
})

describe('a hostile session', () => {
  testHostile({
    reader: readPhpSession,
    samples: [written.session],
    // It may end after each of its values.
    whole: (beginning) => {
      const text = Buffer.from(beginning).toString('latin1')
      return (
        beginning.length === 0 ||
        (/[;}]$/.test(text) &&
          written.session
            .toString('latin1')
            .slice(text.length)
            .match(/^(id|account|again|cart|ok|price|inf|min|role|big|ref)\|/) !== null)
      )
    },
    tokens: ['user|', 's:3:"ann";', '|', 'N;', 'a:0:{}', 'R:1;'],
    table: { 'a name without a value': php('user|'), 'a name without an end': php('user') },
  })
})
