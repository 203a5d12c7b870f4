import { expect, test } from 'vitest'
import { KnownOffsets, loss } from './loss.ts'
import { gatedInfo } from './testing/nodes.ts'

const candidate = (offset: number, lastIoSeconds?: number) =>
  gatedInfo({ replication: { offset, lastIoSeconds } }).replication
/** The primary was at 1000 when it was last asked, at ten seconds. */
const known = { offset: 1_000, atMs: 10_000 }

test.each([
  ['the first primary costs nothing', 'First', candidate(0), known, { bytes: 0, seconds: 0 }],
  ['a handover costs nothing', 'Handover', candidate(0), known, { bytes: 0, seconds: 0 }],
  [
    'a replica lacks what the primary was known to have',
    'Replica',
    candidate(900, 2),
    known,
    { bytes: 100, seconds: 3 },
  ],
  ['a replica further than was known lacks no byte', 'Replica', candidate(1_200, 0), known, { bytes: 0, seconds: 1 }],
  [
    'with a replica that never heard, the time since the primary was asked counts',
    'Replica',
    candidate(900),
    known,
    { bytes: 100, seconds: 6 },
  ],
  [
    'of a primary that nobody asked no byte is known',
    'Replica',
    candidate(900, 4),
    undefined,
    { bytes: 0, seconds: 5 },
  ],
  [
    'of an earlier history everything since is lost',
    'EarlierHistory',
    candidate(900, 2),
    known,
    { bytes: 0, seconds: 60 },
  ],
  ['a file may be as old as the term', 'Disk', candidate(0), known, { bytes: 0, seconds: 60 }],
  ['with nothing left the whole term is lost', 'Empty', candidate(0), known, { bytes: 0, seconds: 60 }],
] as const)('%s', (_sentence, basis, replication, before, { bytes, seconds }) => {
  expect(loss(basis, replication, { known: before, termMs: 60_000, silentMs: 0, nowMs: 14_600 })).toEqual({
    mayBeLostBytes: bytes,
    mayBeLostSeconds: seconds,
  })
})

test('a part of a second counts as one', () => {
  expect(loss('Disk', undefined, { known, termMs: 1, silentMs: 0, nowMs: 10_001 }).mayBeLostSeconds).toBe(1)
})

test('the time that a primary was silent before its replicas were cut counts', () => {
  const before = { known, termMs: 60_000, silentMs: 7_000, nowMs: 14_600 }
  expect(loss('Replica', candidate(900, 4), before).mayBeLostSeconds).toBe(12)
})

test('the last offset of each process is remembered, until it is forgotten', () => {
  const offsets = new KnownOffsets()
  offsets.set('a', 1, 10)
  offsets.set('a', 2, 20)
  offsets.set('b', 3, 30)
  expect(offsets.get('a')).toEqual({ offset: 2, atMs: 20 })
  offsets.forget('a')
  expect(offsets.get('a')).toBeUndefined()
  expect(offsets.get('b')).toEqual({ offset: 3, atMs: 30 })
})
