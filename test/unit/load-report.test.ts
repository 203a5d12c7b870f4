import { expect, test } from 'vitest'
import { report, type WriterReport } from '../e2e/load/report.ts'

/** Writes of a run from 0 to 1000 ms, as [acknowledged at, connection]. */
const run = (...writes: readonly (readonly [atMs: number, connection: number])[]): WriterReport =>
  report({
    startedMs: 0,
    stoppedMs: 1000,
    connections: 2,
    acknowledged: writes.map(([atMs, connection]) => ({ key: `k${atMs}`, connection, begunMs: atMs - 1, atMs })),
    failedAttempts: ['READONLY', 'CLOSED', 'READONLY'].map((reason) => ({ connection: 0, reason, atMs: 500 })),
  })

const steady = run([100, 0], [200, 1], [600, 0], [700, 1], [950, 0])

test.each([
  ['the longest of the run', 0, undefined, 400],
  ['whole, when the window begins inside it', 300, undefined, 400],
  ['whole, when the window ends inside it', 0, 300, 400],
  ['not one that ended before the window', 600, undefined, 250],
  ['not one that began after the window', 0, 200, 100],
  ['until the end, when nothing was written any more', 960, undefined, 50],
])('a gap is %s', (_, fromMs, toMs, expected) => {
  expect(steady.gapMs(fromMs, toMs)).toBe(expected)
})

test('a run without a write is one gap', () => {
  expect(run().gapMs(0)).toBe(1000)
})

test('the worst connection is the one that waited longest for itself', () => {
  expect(steady.worstConnectionGapMs(0)).toBe(500)
  expect(run([100, 0], [500, 0], [900, 0]).worstConnectionGapMs(0)).toBe(1000)
})

test('failures are counted by reason', () => {
  expect(steady.failures).toEqual({ READONLY: 2, CLOSED: 1 })
})
