import { describe, expect, test } from 'vitest'
import { readJson } from './json.ts'
import { maxDepth, maxPayloadBytes, maxValues, Undecodable, valueAt } from './value.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

// As express-session 1.19 with Passport 0.7 writes it.
const session =
  '{"cookie":{"originalMaxAge":1800000,"expires":"2026-11-27T12:30:00.000Z","httpOnly":true,"path":"/"},"passport":{"user":"ann"},"ids":[1,[2]],"__proto__":{"admin":true}}'

test('finds values by names and places, and nothing else', () => {
  const value = readJson(bytes(session))
  expect(valueAt(value, ['passport', 'user'])).toBe('ann')
  expect(valueAt(value, ['ids', '1', '0'])).toBe(2)
  expect(valueAt(value, ['cookie', 'httpOnly'])).toBe(true)
  expect(valueAt(value, ['__proto__', 'admin'])).toBe(true)
  expect(valueAt(value, ['admin'])).toBeUndefined()
  expect(valueAt(value, ['passport', 'length'])).toBeUndefined()
  expect(valueAt(value, ['ids', 'length'])).toBeUndefined()
})

test.each(['9007199254740993', '-9007199254740993', '12345678901234567890', '1e400'])(
  'a number whose digits are lost is no safe integer, so nobody takes it for an id: %s',
  (digits) => {
    const id = valueAt(readJson(bytes(`{"id":${digits}}`)), ['id'])
    expect(id).toBeTypeOf('number')
    expect(id).not.toSatisfy(Number.isSafeInteger)
  },
)

describe('what cannot be read says so without repeating it', () => {
  test.each([
    ['nothing', ''],
    ['a text without an end', '"secret'],
    ['cut off', session.slice(0, -1)],
    ['more behind it', `${session}x`],
    ['too deep', '['.repeat(maxDepth + 2) + ']'.repeat(maxDepth + 2)],
    ['very deep', '['.repeat(500_000) + ']'.repeat(500_000)],
    ['too many values', `[${'0,'.repeat(maxValues)}0]`],
    ['too long', `"${'x'.repeat(maxPayloadBytes)}"`],
  ])('%s', (_, text) => {
    expect(() => readJson(bytes(text))).toThrow(Undecodable)
    expect(() => readJson(bytes(text))).not.toThrow('secret')
  })

  test('bytes that are no text', () => {
    expect(() => readJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(Undecodable)
  })
})
