import { expect, test } from 'vitest'
import { countSessions, isCorrected } from './counts.ts'

const now = new Date('2026-11-26T12:00:00.000Z')
const plain = { exempt: false, max: false, absolute: false, now }
const of = (keys: number, expires: number, evictedKeys = 0, runId = 'one') => ({
  keyspace: { keys, expires },
  runId,
  evictedKeys,
})
const found = { examined: 10, immortal: 0, overMax: 0, tooOld: 0, corrected: 0, ended: 0 }
const unswept = { found: undefined, done: { corrected: 0, ended: 0 } }
const swept = (changes: Partial<typeof found>) => {
  const result = { ...found, ...changes }
  return { found: result, done: { corrected: result.corrected, ended: result.ended } }
}

test("Redis' own count is taken where no key is without an end by right", () => {
  const counts = countSessions(undefined, of(10, 7), unswept, plain)
  expect(counts).toMatchObject({ live: 10, immortal: 3, correctedTotal: 0, observedAt: now.toISOString() })
})

test('where some are, only a sweep tells, and what it told stays until the next; never more than Redis counts', () => {
  const options = { ...plain, exempt: true }
  const first = countSessions(undefined, of(10, 5), swept({ immortal: 2 }), options)
  expect(first.immortal).toBe(2)
  expect(countSessions(first, of(10, 5), unswept, options).immortal).toBe(2)
  expect(countSessions(first, of(10, 9), unswept, options).immortal).toBe(1)
})

test('what a sweep has put right is counted, and is not there any more', () => {
  const options = { ...plain, exempt: true }
  const counts = countSessions(undefined, of(10, 7), swept({ immortal: 3, corrected: 3 }), options)
  expect(counts).toMatchObject({ immortal: 0, correctedTotal: 3, correctedAt: now.toISOString() })
  expect(isCorrected(counts, now)).toBe(true)
  expect(isCorrected(counts, new Date('2026-11-26T13:00:00.000Z'))).toBe(false)
})

test('the time of change stays while nothing changes', () => {
  const first = countSessions(undefined, of(1, 1), unswept, plain)
  const later = new Date('2026-11-26T12:30:00.000Z')
  expect(countSessions(first, of(1, 1), unswept, { ...plain, now: later })).toEqual(first)
})

test('a limit that is gone is broken by nobody', () => {
  const limited = { ...plain, max: true }
  const first = countSessions(undefined, of(9, 9), swept({ overMax: 4 }), limited)
  expect(first.overMax).toBe(4)
  expect(countSessions(first, of(9, 9), unswept, limited).overMax).toBe(4)
  expect(countSessions(first, of(9, 9), unswept, plain).overMax).toBe(0)
  expect(countSessions(first, of(0, 0), unswept, limited).overMax).toBe(0)
})

test('evictions add up, and those that another process counted are not counted again', () => {
  const first = countSessions(undefined, of(9, 9, 5), unswept, plain)
  const second = countSessions(first, of(9, 9, 8), unswept, plain)
  expect([first.evictedTotal, second.evictedTotal]).toEqual([5, 8])
  const promoted = countSessions(second, of(9, 9, 8, 'two'), unswept, plain)
  expect(promoted.evictedTotal).toBe(8)
  expect(countSessions(promoted, of(9, 9, 9, 'two'), unswept, plain).evictedTotal).toBe(9)
})

test('what a sweep did that broke off is counted, though what it would have found is not known', () => {
  const limited = { ...plain, max: true }
  const first = countSessions(undefined, of(9, 9), swept({ overMax: 4 }), limited)
  const broken = { found: undefined, done: { corrected: 3, ended: 1 } }
  expect(countSessions(first, of(9, 9), broken, limited)).toMatchObject({
    overMax: 4,
    correctedTotal: 3,
    endedTotal: 1,
    correctedAt: now.toISOString(),
  })
})
