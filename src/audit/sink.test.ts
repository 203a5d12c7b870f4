import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { next, seal } from './chain.ts'
import type { SignedRecord } from './record.ts'
import { createSigner, generateKey } from './signature.ts'
import { openSink } from './sink.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-sink-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const signer = createSigner(generateKey())
const chain = (count: number): readonly SignedRecord[] => {
  const records: SignedRecord[] = []
  for (let index = 0; index < count; index += 1) {
    const draft = {
      storeUid: 'uid',
      storeName: 'web',
      namespace: 'shop',
      type: 'FlushIntended',
      time: '2026-01-02T03:04:05.006Z',
      subject: { kind: 'FlushSessions', name: 'one', uid: `${index}` },
      requestedBy: { username: 'alice', groups: [] },
      reason: 'x'.repeat(500),
      details: {},
    } as const
    records.push(seal(next(records.at(-1), draft), signer))
  }
  return records
}
const recordsIn = (text: string): readonly unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly record: unknown }).record)

/** A pipe that holds 64 KiB (Linux), read by nobody until `readAll`. */
const makePipe = async () => {
  const path = join(folder, 'pipe')
  execFileSync('/usr/bin/mkfifo', [path])
  // Both ends: opening only one would wait for the other.
  const reader = await open(path, 'r+')
  const readLines = async (lines: number): Promise<string> => {
    let text = ''
    const buffer = Buffer.alloc(1 << 16)
    while (text.split('\n').length - 1 < lines) {
      const { bytesRead } = await reader.read(buffer, 0, buffer.length)
      text += buffer.toString('utf8', 0, bytesRead)
    }
    return text
  }
  return { path, readLines, close: () => reader.close() }
}

test('writes made at once end up whole, in order, and after what was there', async () => {
  const path = join(folder, 'audit.jsonl')
  const records = chain(60)
  const first = await openSink(path)
  await Promise.all(records.slice(0, 20).map((record) => first.write(record)))
  await first.close()
  const second = await openSink(path)
  await Promise.all(records.slice(20).map((record) => second.write(record)))
  expect(recordsIn(readFileSync(path, 'utf8'))).toEqual(records)
  await second.close()
})

test('a reader that stands still holds nobody up, and gets every line in order when it goes on', async () => {
  const pipe = await makePipe()
  const troubles: string[] = []
  const sink = await openSink(pipe.path, { patienceMs: 50, onTrouble: (message) => troubles.push(message) })
  // About 1 KB each: more than three times what the pipe holds.
  const records = chain(200)
  await Promise.all(records.map((record) => sink.write(record)))
  expect(troubles).toEqual([`the audit stream ${pipe.path}: nobody reads it, lines wait in memory`])
  expect(recordsIn(await pipe.readLines(records.length))).toEqual(records)
  await sink.close()
  await pipe.close()
})

test('it closes while a reader stands still', async () => {
  const pipe = await makePipe()
  const sink = await openSink(pipe.path, { patienceMs: 50 })
  await Promise.all(chain(200).map((record) => sink.write(record)))
  await expect(sink.close()).resolves.toBeUndefined()
  const [record] = chain(1)
  if (!record) throw new Error('no record')
  await expect(sink.write(record)).rejects.toThrow('is closed')
  await pipe.close()
})

test('a full disk is reported once, and holds nobody up', async () => {
  const troubles: string[] = []
  const sink = await openSink('/dev/full', { patienceMs: 50, onTrouble: (message) => troubles.push(message) })
  await Promise.all(chain(5).map((record) => sink.write(record)))
  expect(troubles).toEqual(['the audit stream /dev/full: cannot be written (ENOSPC), lines wait in memory'])
  await sink.close()
})

test('a stream that cannot be opened is an error at once', async () => {
  await expect(openSink(join(folder, 'nowhere/audit.jsonl'))).rejects.toThrow('ENOENT')
})
