import { expect, test } from 'vitest'
import { stale } from './generate.ts'

test('crds/, the chart and the reference are what src/api says (else: npm run generate)', () => {
  expect(stale()).toEqual([])
})
