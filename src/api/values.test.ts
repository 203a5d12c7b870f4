import { expect, test } from 'vitest'
import { parseBytes, parseDurationMs } from './values.ts'

test.each([
  ['1', 1],
  ['256Mi', 268_435_456],
  ['1k', 1000],
  ['2Gi', 2_147_483_648],
])('%s is %d bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes)
})

test.each(['', 'Mi', '1.5Gi', '-1', '1Xi', '1 Mi'])('"%s" is no quantity of bytes', (text) => {
  expect(() => parseBytes(text)).toThrow(RangeError)
})

test.each([
  ['30s', 30_000],
  ['1h30m', 5_400_000],
  ['250ms', 250],
  ['1m', 60_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms)
})

test.each(['', '30', 's', '1d', '-1s', '1.5h'])('"%s" is no duration', (text) => {
  expect(() => parseDurationMs(text)).toThrow(RangeError)
})
