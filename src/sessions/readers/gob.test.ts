import { describe, expect, test } from 'vitest'
import { readGob } from './gob.ts'
import * as written from './testing/gob.ts'
import { testHostile } from './testing/refuses.ts'
import { maxPayloadBytes, valueAt, type SessionValue } from './value.ts'

const map = (fields: Readonly<Record<string, SessionValue>>) => new Map(Object.entries(fields))

test('a session of scs', () => {
  const session = readGob(written.scs)
  expect(valueAt(session, ['Values', 'user'])).toBe('ann')
  expect(session).toEqual(
    map({
      Deadline: undefined,
      Values: map({
        user: 'ann',
        id: 42,
        big: -(2n ** 62n),
        u: 2n ** 63n,
        ok: true,
        price: 1.5,
        raw: 'ÿ\u0000',
        c: undefined,
        account: map({ ID: 7, Name: 'Ann', Roles: ['admin', 'staff'], Next: map({ ID: 8 }) }),
        nested: map({ a: ['x', 1, null] }),
        at: undefined,
      }),
    }),
  )
})

test('a session of gorilla', () => {
  expect(readGob(written.gorilla)).toEqual(map({ user: 'ann', 7: 'seven', account: map({ ID: 7 }) }))
})

describe('hostile', () => {
  const hex = (text: string) => Buffer.from(text, 'hex')
  testHostile({
    reader: readGob,
    samples: [written.scs, written.gorilla],
    tokens: ['\u0005', '\u00ff\u0082', '\u0000', '\u000c', '\u0006string', '\u0001', '\u0002', '\u0010', '\u00f8'],
    table: {
      nothing: hex(''),
      'a number of 128 bytes': hex('80'),
      'a text that is longer than it': hex('050c00fcffffffff'),
      'a type that is not defined': hex('03ff8200'),
      'a type of itself that never ends': Buffer.concat([
        hex('0bff81020102ff820001ff820000'),
        Buffer.alloc(100_000, 1),
      ]),
      'more than is read': Buffer.alloc(maxPayloadBytes + 1, 1),
      'more behind its end': Buffer.concat([written.scs, hex('00')]),
    },
  })
})
