// Feeds each reader of sessions what nobody should send: real payloads, changed. Prints what it did, and ends with 1 when a reader threw anything but Undecodable.
//   node test/fuzz/readers.ts [--seconds 600] [--inputs 10000000] [--seed 1] [--reader pickle]
import { parseArgs } from 'node:util'
import { readGob } from '../../src/sessions/readers/gob.ts'
import { readJava } from '../../src/sessions/readers/java.ts'
import { readJson } from '../../src/sessions/readers/json.ts'
import { readMessagePack } from '../../src/sessions/readers/message-pack.ts'
import { readPhp, readPhpSession } from '../../src/sessions/readers/php.ts'
import { readPickle } from '../../src/sessions/readers/pickle.ts'
import { readCacheEntry, readRubyMarshal } from '../../src/sessions/readers/ruby-marshal.ts'
import { outcomeOf } from '../../src/sessions/readers/testing/bounded.ts'
import * as gob from '../../src/sessions/readers/testing/gob.ts'
import * as java from '../../src/sessions/readers/testing/java.ts'
import * as messagePack from '../../src/sessions/readers/testing/message-pack.ts'
import * as php from '../../src/sessions/readers/testing/php.ts'
import * as pickle from '../../src/sessions/readers/testing/pickle.ts'
import * as ruby from '../../src/sessions/readers/testing/ruby-marshal.ts'
import type { PayloadReader } from '../../src/sessions/readers/value.ts'

const json = Buffer.from(
  '{"cookie":{"maxAge":1800000,"path":"/"},"passport":{"user":"ann"},"cart":[1,[2.5e3],null,true,"\\u00fc"]}',
)

const targets: Readonly<Record<string, readonly [PayloadReader, readonly unknown[]]>> = {
  json: [readJson, [json]],
  'ruby-marshal': [readRubyMarshal, Object.values(ruby)],
  'rails-cache': [readCacheEntry, Object.values(ruby)],
  java: [readJava, Object.values(java)],
  pickle: [readPickle, Object.values(pickle).flat()],
  php: [readPhp, Object.values(php)],
  'php-session': [readPhpSession, Object.values(php)],
  'message-pack': [readMessagePack, Object.values(messagePack)],
  gob: [readGob, Object.values(gob)],
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    inputs: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: '1' },
    reader: { type: 'string' },
  },
})

/** Numbers below `limit`, the same for the same seed (xorshift32). */
const numbers = (seed: number) => {
  let state = seed === 0 ? 1 : seed
  return (limit: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}

type Random = ReturnType<typeof numbers>

/** Lengths and marks that parsers fall over. */
const odd = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x28, 0x2e, 0x30, 0x39, 0x3b, 0x7b, 0x7d]

/** One to eight changes: a byte, a cut, a piece twice, a piece of another payload, a number that is too large. */
const mutated = (random: Random, samples: readonly Buffer[]): Buffer => {
  const sample = () => samples[random(samples.length)] ?? Buffer.alloc(0)
  let bytes = Buffer.from(sample())
  for (let left = 1 + random(8); left > 0; left -= 1) {
    const at = random(bytes.length + 1)
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
    switch (random(6)) {
      case 0:
        if (at < bytes.length) bytes[at] = random(256)
        break
      case 1:
        if (at < bytes.length) bytes[at] = odd[random(odd.length)] ?? 0
        break
      case 2:
        bytes = Buffer.concat([head, tail.subarray(random(16))])
        break
      case 3:
        bytes = Buffer.concat([head, ...Array<Buffer>(1 + random(20)).fill(tail.subarray(0, 1 + random(24))), tail])
        break
      case 4: {
        const other = sample()
        const from = random(other.length + 1)
        bytes = Buffer.concat([head, other.subarray(from, from + 1 + random(64)), tail])
        break
      }
      default:
        bytes = Buffer.concat([head, Buffer.alloc(1 + random(8), 0xff), tail])
    }
  }
  return bytes.subarray(0, 65_536)
}

let failed = false
for (const [name, [reader, all]] of Object.entries(targets)) {
  if (values.reader !== undefined && values.reader !== name) continue
  const samples = all.filter((each) => Buffer.isBuffer(each))
  const random = numbers(Number(values.seed))
  const startedMs = performance.now()
  const heapBefore = process.memoryUsage().heapUsed
  const counts = { read: 0, refused: 0 }
  let slowestMs = 0
  let inputs = 0
  let heapMost = 0
  while (inputs < Number(values.inputs) && performance.now() - startedMs < Number(values.seconds) * 1000) {
    const payload = mutated(random, samples)
    const beganMs = performance.now()
    try {
      counts[outcomeOf(reader, payload)] += 1
    } catch (error) {
      failed = true
      console.error(`${name}: ${String(error)}\n  of ${payload.toString('base64')}`)
    }
    slowestMs = Math.max(slowestMs, performance.now() - beganMs)
    inputs += 1
    if (inputs % 10_000 === 0) heapMost = Math.max(heapMost, process.memoryUsage().heapUsed - heapBefore)
  }
  const seconds = (performance.now() - startedMs) / 1000
  console.log(
    `${name.padEnd(12)} ${inputs} inputs in ${seconds.toFixed(0)} s from seed ${values.seed}: ${counts.read} read, ${counts.refused} refused, slowest ${slowestMs.toFixed(1)} ms, heap at most +${(heapMost / 2 ** 20).toFixed(0)} MiB`,
  )
}
process.exitCode = failed ? 1 : 0
