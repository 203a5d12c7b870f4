// Runs every tier and adds up what they found: the last line is `N passed, N failed, N skipped`.
//   node test/run.ts [tier ...]
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const results = join(root, '.vitest')
const startedMs = performance.now()

/** In this order: what is quick to fail comes first. */
const tiers = ['unit', 'integration', 'e2e', 'clients', 'faults'] as const
type Tier = (typeof tiers)[number]

interface Count {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

interface VitestReport {
  readonly success: boolean
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages?: readonly string[]
    }[]
  }[]
}

/** What failed and why, in a line each: said again at the end, since what a tier printed may be far up, or cut off. */
const failures: string[] = []

const say = (text: string) =>
  console.log(`[${((performance.now() - startedMs) / 1000).toFixed(0).padStart(4)} s] ${text}`)

/** Runs a program of ours with its output shown, or held back until it has ended; resolves with its exit code. */
const execute = (args: readonly string[], output: 'shown' | 'held' = 'shown'): Promise<number> =>
  new Promise((resolve) => {
    const stream = output === 'shown' ? 'inherit' : 'pipe'
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', stream, stream] })
    const held: Buffer[] = []
    for (const each of [child.stdout, child.stderr]) each?.on('data', (chunk: Buffer) => held.push(chunk))
    child.on('close', (code) => {
      process.stdout.write(Buffer.concat(held))
      resolve(code ?? 1)
    })
  })

const runCheck = async (): Promise<Count> => {
  say('check: types, lint, format, unused code')
  const code = await new Promise<number>((resolve) => {
    const child = spawn('npm', ['run', '--silent', 'check'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('close', (status) => resolve(status ?? 1))
  })
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }
}

/** Of a tier that needs the cluster some files run by themselves (vitest.config.ts). */
const projectsOf = (tier: Tier): readonly string[] =>
  tier === 'unit' || tier === 'integration' ? [tier] : [tier, `${tier}-alone`]

const runTier = async (tier: Tier, output: 'shown' | 'held' = 'shown'): Promise<Count> => {
  say(`${tier}: begins`)
  const outputFile = join(results, `${tier}.json`)
  rmSync(outputFile, { force: true })
  const vitestArguments = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...projectsOf(tier).map((project) => `--project=${project}`),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${outputFile}`,
  ]
  const code = await execute(vitestArguments, output)
  const count = read(outputFile, code)
  say(`${tier}: ${line(count)}`)
  return count
}

/** A tier that ended without a report, or failed outside of a test, counts as one failure more: it is never silently absent. */
const read = (outputFile: string, code: number): Count => {
  try {
    const report = JSON.parse(readFileSync(outputFile, 'utf8')) as VitestReport
    for (const file of report.testResults) {
      for (const test of file.assertionResults) {
        if (test.status === 'pending' || test.status === 'skipped') console.log(`  skipped: ${test.fullName}`)
        if (test.status === 'failed') failures.push(`${test.fullName}: ${beginningOf(test.failureMessages?.[0])}`)
      }
    }
    const outside = report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
    ).length
    const failed = report.numFailedTests + outside
    return {
      passed: report.numPassedTests,
      failed: failed === 0 && (code !== 0 || report.numPassedTests === 0) ? 1 : failed,
      skipped: report.numPendingTests + report.numTodoTests,
    }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

const beginningOf = (message = ''): string =>
  stripVTControlCharacters(message).split('\n    at ', 1)[0]?.replaceAll(/\s+/g, ' ').slice(0, 1_500) ?? ''

const line = ({ passed, failed, skipped }: Count) => `${passed} passed, ${failed} failed, ${skipped} skipped`
const add = (a: Count, b: Count): Count => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
})

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !tiers.some((tier) => tier === name))
if (unknown.length > 0) {
  console.error(`There is no tier ${unknown.join(', ')}; there are ${tiers.join(', ')}.`)
  process.exit(2)
}
const chosen = tiers.filter((tier) => asked.length === 0 || asked.includes(tier))
const needsTools = chosen.some((tier) => tier !== 'unit')
const needsCluster = chosen.some((tier) => tier === 'e2e' || tier === 'clients' || tier === 'faults')
mkdirSync(results, { recursive: true })

let total: Count = { passed: 0, failed: 0, skipped: 0 }
const cluster = join(root, 'test/cluster/cli.ts')
try {
  if (asked.length === 0) total = add(total, await runCheck())
  if (needsTools && (await execute([cluster, 'ensure-tools'])) !== 0) {
    console.error('The tools that the tests need are not there; see above.')
    total = add(total, { passed: 0, failed: 1, skipped: 0 })
  } else {
    // What an interrupted run left behind goes first.
    if (needsCluster) await execute([cluster, 'down'])
    // What needs no cluster runs beside what mostly waits for one.
    const beside = chosen.includes('integration') && needsCluster
    const integration = beside ? runTier('integration', 'held') : undefined
    for (const tier of chosen) {
      if (tier !== 'integration' || !integration) total = add(total, await runTier(tier))
    }
    if (integration) total = add(total, await integration)
  }
} finally {
  if (needsCluster) await execute([cluster, 'down'])
}
if (failures.length > 0) console.log(`\nFailed:\n  ${failures.join('\n  ')}`)
console.log(`\n${line(total)}`)
process.exit(total.failed === 0 ? 0 : 1)
