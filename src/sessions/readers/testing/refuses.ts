import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Undecodable, type PayloadReader } from '../value.ts'
import { beginningsOf, changesOf, outcomeOf } from './bounded.ts'

export interface Hostile {
  readonly reader: PayloadReader
  /** Real payloads. */
  readonly samples: readonly Buffer[]
  /** Beginnings that are whole in themselves. */
  readonly whole?: (beginning: Uint8Array) => boolean
  /** Parts that a fuzzer puts together. */
  readonly tokens: readonly string[]
  /** By what is wrong with it. */
  readonly table: Readonly<Record<string, Buffer>>
}

/** Tests that hold for every reader: whatever comes is read or refused, soon, and an error repeats nothing of it. */
export const testHostile = ({ reader, samples, whole, tokens, table }: Hostile): void => {
  test('each beginning of a real payload is refused', () => {
    for (const sample of samples) {
      for (const beginning of beginningsOf(sample))
        expect(outcomeOf(reader, beginning)).toBe(whole?.(beginning) ? 'read' : 'refused')
    }
  })

  test('a payload with one byte changed is read or refused', () => {
    for (const sample of samples) {
      for (const changed of changesOf(sample, [0x00, 0x28, 0x7f, 0xff]))
        expect(outcomeOf(reader, changed)).toMatch(/^(read|refused)$/)
    }
  })

  test('any bytes are read or refused', () => {
    const part = fc.oneof(fc.constantFrom(...tokens), fc.string({ unit: 'binary', maxLength: 2 }))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
        expect(outcomeOf(reader, Buffer.from(parts.join(''), 'latin1'))).toMatch(/^(read|refused)$/)
      }),
      { numRuns: 1500 },
    )
  })

  test.each(Object.entries(table))('refused, and soon: %s', (_, payload) => {
    const startedMs = performance.now()
    expect(outcomeOf(reader, payload)).toBe('refused')
    // Far above what it takes, far below what hangs.
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  })

  test('an error says nothing of what a payload says', () => {
    for (const beginning of samples.flatMap(beginningsOf)) {
      try {
        reader(beginning)
      } catch (error) {
        expect(error).toBeInstanceOf(Undecodable)
        expect(String(error).replace(/byte [0-9]+/, '')).not.toMatch(/auth|user|ann|cart|42|sku/i)
      }
    }
  })
}
