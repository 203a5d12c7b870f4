import { describe, expect, test } from 'vitest'
import { readGob } from './gob.ts'
import { readJava } from './java.ts'
import { readJson } from './json.ts'
import { readMessagePack } from './message-pack.ts'
import { readPhp, readPhpSession } from './php.ts'
import { readPickle } from './pickle.ts'
import { readCacheEntry, readRubyMarshal } from './ruby-marshal.ts'
import { outcomeOf } from './testing/bounded.ts'
import * as gob from './testing/gob.ts'
import * as javaKinds from './testing/java-kinds.ts'
import * as java from './testing/java.ts'
import * as messagePack from './testing/message-pack.ts'
import * as php from './testing/php.ts'
import * as pickle from './testing/pickle.ts'
import * as ruby from './testing/ruby-marshal.ts'
import type { PayloadReader } from './value.ts'

/** Each reader runs that long, and what it met is printed. Undefined: a number of inputs. */
const seconds = process.env['FUZZ_SECONDS'] === undefined ? undefined : Number(process.env['FUZZ_SECONDS'])
const inputs = 2_000
const seed = Number(process.env['FUZZ_SEED'] ?? 1)
/** Far above what any input takes (some ms), far below what would cost the operator its lease. */
const mostMs = 2_000

const samplesOf = (...modules: readonly object[]): readonly Buffer[] =>
  modules
    .flatMap((module) => Object.values(module).flat() as readonly unknown[])
    .filter((each) => Buffer.isBuffer(each))

const json = Buffer.from(
  '{"cookie":{"maxAge":1800000,"path":"/"},"passport":{"user":"ann"},"ids":[1,[2.5e3],null,"\\u00fc"]}',
)

/** xorshift32: whole numbers below a limit, the same for the same seed. */
const numbersFrom = (seed: number) => {
  let state = seed | 0 || 1
  return (limit: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}

type Random = ReturnType<typeof numbersFrom>
type Change = (payload: Buffer, random: Random, other: Buffer) => Buffer

const insert = (payload: Buffer, at: number, part: Uint8Array): Buffer =>
  Buffer.concat([payload.subarray(0, at), part, payload.subarray(at)])

const overwrite = (payload: Buffer, at: number, part: Uint8Array): Buffer =>
  Buffer.concat([payload.subarray(0, at), part, payload.subarray(at + part.length)])

const piece = (of: Buffer, random: Random): Buffer => {
  const from = random(of.length + 1)
  return of.subarray(from, from + 1 + random(64))
}

const lengths = [
  'ff',
  '7fffffff',
  'ffffff7f',
  'ffffffff',
  '000fffff',
  'ffff0f00',
  '7fffffffffffffff',
  'ffffffffffffff7f',
]

const changes: readonly Change[] = [
  // Flip a bit.
  (payload, random) => {
    const at = random(payload.length)
    return overwrite(payload, at, Uint8Array.of((payload[at] ?? 0) ^ (1 << random(8))))
  },
  (payload, random) => overwrite(payload, random(payload.length), Uint8Array.of(random(256))),
  // Cut the end, or a piece.
  (payload, random) => payload.subarray(0, random(payload.length + 1)),
  (payload, random) => {
    const at = random(payload.length + 1)
    return Buffer.concat([payload.subarray(0, at), payload.subarray(at + 1 + random(16))])
  },
  (payload, random) =>
    insert(
      payload,
      random(payload.length + 1),
      Uint8Array.from({ length: 1 + random(8) }, () => random(256)),
    ),
  // Repeat a piece: nests, or names one thing again and again.
  (payload, random) => {
    const part = piece(payload, random)
    return insert(payload, random(payload.length + 1), Buffer.concat(Array<Buffer>(1 + random(200)).fill(part)))
  },
  // Splice with another payload.
  (payload, random, other) => insert(payload, random(payload.length + 1), piece(other, random)),
  (payload, random, other) =>
    Buffer.concat([payload.subarray(0, random(payload.length + 1)), other.subarray(random(other.length + 1))]),
  // Claim a length, in bytes or in digits.
  (payload, random) =>
    overwrite(payload, random(payload.length), Buffer.from(lengths[random(lengths.length)] ?? '', 'hex')),
  (payload, random) => {
    const numbers = [...payload.toString('latin1').matchAll(/[0-9]+/g)]
    const found = numbers[random(numbers.length || 1)]
    const [digits, index] = [found?.[0] ?? '', found?.index ?? 0]
    return Buffer.concat([
      payload.subarray(0, index),
      Buffer.from(String(2 ** random(64))),
      payload.subarray(index + digits.length),
    ])
  },
]

/** A real payload with one to six changes. */
const hostile = (samples: readonly Buffer[], random: Random): Buffer => {
  const sample = () => samples[random(samples.length)] ?? json
  let payload = sample()
  for (let left = 1 + random(6); left > 0; left -= 1)
    payload = changes[random(changes.length)]?.(payload, random, sample()) ?? payload
  return payload.subarray(0, 65_536)
}

/** Runs one reader, and says what it met. Throws what a reader may not, with the payload. */
const fuzz = (reader: PayloadReader, samples: readonly Buffer[]) => {
  const random = numbersFrom(seed)
  const startedMs = performance.now()
  const heapBefore = process.memoryUsage().heapUsed
  const met = { inputs: 0, read: 0, refused: 0, slowestMs: 0, slowest: json, heapBytes: 0 }
  const goesOn = () => (seconds === undefined ? met.inputs < inputs : performance.now() - startedMs < seconds * 1000)
  while (goesOn()) {
    const payload = hostile(samples, random)
    const beganMs = performance.now()
    try {
      met[outcomeOf(reader, payload)] += 1
    } catch (cause) {
      throw new Error(`seed ${seed}, input ${met.inputs}: ${payload.toString('base64')}`, { cause })
    }
    const tookMs = performance.now() - beganMs
    if (tookMs > met.slowestMs) Object.assign(met, { slowestMs: tookMs, slowest: payload })
    met.inputs += 1
    if (met.inputs % 1_000 === 0) met.heapBytes = Math.max(met.heapBytes, process.memoryUsage().heapUsed - heapBefore)
  }
  return met
}

describe('real payloads, changed at random, are read or refused, and soon', () => {
  test.each([
    ['json', readJson, [json]],
    ['ruby-marshal', readRubyMarshal, samplesOf(ruby)],
    ['rails-cache', readCacheEntry, samplesOf(ruby)],
    ['java', readJava, samplesOf(java, javaKinds)],
    ['pickle', readPickle, samplesOf(pickle)],
    ['php', readPhp, samplesOf(php)],
    ['php-session', readPhpSession, samplesOf(php)],
    ['message-pack', readMessagePack, samplesOf(messagePack)],
    ['gob', readGob, samplesOf(gob)],
  ] as const)(
    '%s',
    (name, reader, samples) => {
      const { slowestMs, slowest, heapBytes, ...counts } = fuzz(reader, samples)
      if (seconds !== undefined)
        process.stdout.write(
          `${name}: ${counts.inputs} inputs from seed ${seed}, ${counts.read} read, ${counts.refused} refused, slowest ${slowestMs.toFixed(1)} ms (${slowest.length} bytes), heap at most +${(heapBytes / 2 ** 20).toFixed(0)} MiB\n`,
        )
      expect(counts.refused).toBeGreaterThan(0)
      expect(counts.read).toBeGreaterThan(0)
      expect(slowestMs, slowest.toString('base64')).toBeLessThan(mostMs)
    },
    20_000 + (seconds ?? 0) * 1000,
  )
})
