import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { stale } from './generate.ts'
import { kinds } from './kinds.ts'

test('crds/, the chart and the reference are what src/api says (else: npm run generate)', () => {
  expect(stale()).toEqual([])
})

/** Every value that a schema names for people to write. */
const namedValues = (schema: unknown): readonly unknown[] => {
  if (typeof schema !== 'object' || schema === null) return []
  const { enum: values = [], default: byDefault } = schema as { enum?: readonly unknown[]; default?: unknown }
  const own = [...(Array.isArray(values) ? values : []), ...(typeof byDefault === 'string' ? [byDefault] : [])]
  return [...own, ...Object.values(schema).flatMap(namedValues)]
}

// kubectl and Helm read YAML 1.1, where Off, No and y are no text: the CRD itself would then say so, and so would whoever writes the value.
test('every value of a spec is text for YAML 1.1 as well, without quotes', () => {
  const texts = kinds.flatMap(({ spec }) => namedValues(z.toJSONSchema(spec, { io: 'input' })))
  const written = texts.filter((value) => typeof value === 'string')
  expect(written).toContain('Disabled')
  for (const text of written) expect(parse(text, { version: '1.1' }), text).toBe(text)
})
