import { describe, expect, test } from 'vitest'
import { readMessagePack } from './message-pack.ts'
import * as written from './testing/message-pack.ts'
import { testHostile } from './testing/refuses.ts'
import { maxDepth, maxPayloadBytes, Undecodable, valueAt } from './value.ts'

test('a session of Flask', () => {
  const session = readMessagePack(written.flask)
  expect(valueAt(session, ['_user_id'])).toBe('42')
  expect(session).toEqual(
    new Map<string, unknown>([
      ['_permanent', true],
      ['_user_id', '42'],
      ['_fresh', true],
      ['cart', [1, -1, 300, -40_000, 2 ** 40, 1.5, null, 'ÿ']],
      ['big', 2n ** 63n],
      ['name', 'ü'],
    ]),
  )
})

/** The examples of the specification, and the borders between its forms. */
test.each([
  ['7f', 127],
  ['e0', -32],
  ['ccff', 255],
  ['cdffff', 65_535],
  ['ceffffffff', 4_294_967_295],
  ['cf001fffffffffffff', Number.MAX_SAFE_INTEGER],
  ['cf0020000000000000', 2n ** 53n],
  ['d080', -128],
  ['d18000', -32_768],
  ['d280000000', -2_147_483_648],
  ['d38000000000000000', -(2n ** 63n)],
  ['ca3fc00000', 1.5],
  ['a161', 'a'],
  ['d90161', 'a'],
  ['da000161', 'a'],
  ['db0000000161', 'a'],
  ['c50001ff', 'ÿ'],
  ['c600000001ff', 'ÿ'],
  ['dc000101', [1]],
  ['dd0000000101', [1]],
  ['de0001a16101', new Map([['a', 1]])],
  ['df00000001a16101', new Map([['a', 1]])],
  ['d6ff00000000', undefined],
  ['c70100ff', undefined],
])('%s', (hex, value) => {
  expect(readMessagePack(Buffer.from(hex, 'hex'))).toEqual(value)
})

test.each([
  ['arrays', 'dd000fc000'],
  ['maps', 'df0007e000'],
])('%s that each claim all the bytes that are left take no memory for it', (_, head) => {
  const claims = Buffer.concat([Buffer.from(head.repeat(maxDepth), 'hex'), Buffer.alloc(maxPayloadBytes - 1024, 0xc0)])
  const before = process.memoryUsage().heapUsed
  expect(() => readMessagePack(claims)).toThrow(Undecodable)
  // It was half a GiB: 8 MiB a level.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 2 ** 20)
})

describe('hostile', () => {
  const hex = (text: string) => Buffer.from(text, 'hex')
  testHostile({
    reader: readMessagePack,
    samples: [written.flask],
    tokens: [
      '\u0081',
      '\u0091',
      '\u00a1a',
      '\u00c0',
      '\u00dc\u0000\u0002',
      '\u00de\u0000\u0001',
      '\u00c7\u0001',
      '\u00ff',
    ],
    table: {
      nothing: hex(''),
      'a text that is longer than it': hex('dbffffffff61'),
      'elements that are not there': hex('ddffffffff'),
      'a map that is not there': hex('dfffffffff'),
      'too deep': hex(`${'91'.repeat(maxDepth + 2)}c0`),
      'very deep': hex('91'.repeat(500_000)),
      'too many values': hex(`dd00030d40${'c0'.repeat(200_000)}`),
      'more than is read': Buffer.alloc(maxPayloadBytes + 1, 0xc0),
      'a type that is not there': hex('c1'),
      'more behind its end': hex('c0c0'),
    },
  })
})
