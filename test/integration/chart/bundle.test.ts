import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundle } from '../../../build/bundle.ts'
import { version } from '../../../src/version.ts'

const run = promisify(execFile)
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a bundle where nothing but Node can be found. */
const alone = async (file: string, ...args: readonly string[]): Promise<string> => {
  const cwd = join(folder, 'empty')
  mkdirSync(cwd, { recursive: true })
  return (await run(process.execPath, [file, ...args], { cwd, env: {} })).stdout
}

test.each([
  ['src/main.ts', '--pod-labels'],
  ['src/verify.ts', 'Verifies AuditRecords'],
])('%s runs from one file, with no package beside it', async (entry, words) => {
  const outfile = join(folder, 'one.mjs')
  await bundle({ entry, outfile })
  expect(await alone(outfile, '--help')).toContain(words)
})

test('a bundle knows its version', async () => {
  const entry = join(folder, 'version.ts')
  writeFileSync(
    entry,
    `import { version } from ${JSON.stringify(join(import.meta.dirname, '../../../src/version.ts'))}\nconsole.log(version)\n`,
  )
  const outfile = join(folder, 'version.mjs')
  await bundle({ entry, outfile })
  expect((await alone(outfile)).trim()).toBe(version)
})

test('a module can be replaced, and the bundle has the other in its place', async () => {
  const standIn = join(folder, 'options.ts')
  writeFileSync(standIn, `export const readOptions = () => { console.log('replaced'); process.exit(0) }\n`)
  const outfile = join(folder, 'variant.mjs')
  await bundle({ entry: 'src/main.ts', outfile, alias: { 'src/options.ts': standIn } })
  expect(await alone(outfile)).toBe('replaced\n')
})

test('to replace a module that is not part of it is an error: the variant would be none', async () => {
  const alias = { 'src/api/generate.ts': join(folder, 'options.ts') }
  await expect(bundle({ entry: 'src/verify.ts', outfile: join(folder, 'none.mjs'), alias })).rejects.toThrow(
    'src/api/generate.ts: nothing was replaced',
  )
})
