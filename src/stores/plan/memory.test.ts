import { expect, test } from 'vitest'
import { decideMaxmemory, memoryLimitBytes } from './memory.ts'

const mib = 2 ** 20

test.each([
  [
    'a new store gets what it asks for',
    { wantedBytes: 100, configuredBytes: undefined, usedBytes: undefined },
    { bytes: 100, held: undefined },
  ],
  [
    'more memory is given at once',
    { wantedBytes: 200, configuredBytes: 100, usedBytes: undefined },
    { bytes: 200, held: undefined },
  ],
  [
    'less is given when what is used fits with a margin',
    { wantedBytes: 200, configuredBytes: 400, usedBytes: 190 },
    { bytes: 200, held: undefined },
  ],
  [
    'less is held back when it would evict the next moment',
    { wantedBytes: 200, configuredBytes: 400, usedBytes: 195 },
    { bytes: 400, held: 'BelowUsedMemory' },
  ],
  [
    'less is held back while nobody knows what is used',
    { wantedBytes: 200, configuredBytes: 400, usedBytes: undefined },
    { bytes: 400, held: 'UsedMemoryUnknown' },
  ],
] as const)('%s', (_name, facts, decision) => {
  expect(decideMaxmemory(facts)).toEqual(decision)
})

test('the limit leaves more room when a rewrite may fork', () => {
  expect(memoryLimitBytes(256 * mib, { mode: 'None', replicated: false })).toBe(352 * mib)
  expect(memoryLimitBytes(256 * mib, { mode: 'AppendOnly', replicated: false })).toBe(512 * mib)
  expect(memoryLimitBytes(256 * mib, { mode: 'Snapshot', replicated: false })).toBe(512 * mib)
  expect(memoryLimitBytes(256 * mib, { mode: 'None', replicated: true })).toBe(528 * mib)
})
