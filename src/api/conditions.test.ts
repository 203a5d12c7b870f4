import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { flushConditions, flushOutcomes, storeConditions } from './conditions.ts'

const source = join(import.meta.dirname, '..')
const code = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.endsWith('api/conditions.ts'))
  .map((path) => readFileSync(join(source, path), 'utf8'))
  .join('\n')

const documented = [
  ...Object.values({ ...storeConditions, ...flushConditions }).flatMap(({ reasons }) => Object.keys(reasons)),
  ...Object.keys(flushOutcomes),
]

// That no other reason is reported, the compiler sees to.
test.each([...new Set(documented)])('%s is not only in the documentation', (reason) => {
  expect(code).toContain(`'${reason}'`)
})
