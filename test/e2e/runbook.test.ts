import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { run } from '../cluster/command.ts'
import { countSessions, flush, operatorNamespace, store, untilReady } from './fixtures.ts'
import { missing } from './load/missing.ts'
import { scaleOperator } from './operator.ts'
import { load, topology, unload, untilWhole } from './replicated/fixture.ts'
import { suite } from './suite.ts'

// What a person types at night, taken from the page itself.
const at = suite('e2e-runbook')
const page = readFileSync(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8')

/** The commands under a heading, block by block, as somebody would paste them. */
const blocksUnder = (heading: string): readonly string[] => {
  const [, section = ''] = page.split(`\n${heading}\n`)
  const [text = ''] = section.split(/\n##+ /)
  return [...text.matchAll(/^( *)```sh\n([\s\S]*?)\n *```$/gm)].map(([, indent = '', block = '']) =>
    block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  )
}

const byHand = blocksUnder('### Fence, flush and unfence by hand')
const promote = blocksUnder('### Promote a replica by hand')

/** Bash with this cluster's kubectl, after the page's own variables, with this test's names in their place. */
const bash = async (...commands: readonly string[]): Promise<string> => {
  const { cluster, namespace } = at()
  const folder = mkdtempSync(join(tmpdir(), 'runbook-'))
  symlinkSync(cluster.kubectl, join(folder, 'kubectl'))
  const variables = (byHand[0] ?? '')
    .replace('OPERATOR_NS=session-store-operator ', `OPERATOR_NS=${operatorNamespace} `)
    .replace('NS=shop STORE=web', `NS=${namespace} STORE=hand`)
  expect(variables).toContain(`STORE=hand`)
  expect(variables).toContain(`OPERATOR_NS=${operatorNamespace}`)
  try {
    const env = { KUBECONFIG: cluster.kubeconfig, PATH: `${folder}:${process.env['PATH']}` }
    const script = ['set -euo pipefail', variables, ...commands].join('\n')
    return (await run('bash', ['-s'], { env, input: script, timeoutMs: 120_000 })).stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}

afterAll(async () => {
  await scaleOperator(at().objects, 2)
})

test('without an operator: fence, flush and unfence by hand, promote by hand, and the operator takes it from there', async () => {
  const { cluster, objects, namespace } = at()
  await objects.apply(store(namespace, 'hand', { spec: topology() }))
  await untilReady(objects, namespace, 'hand')
  await untilWhole(at(), 'hand')
  const loaded = await load(at(), 'hand')
  const [, keepOut, fenceReplicas, fenceAndFlush, unfence] = byHand

  expect(await bash(keepOut ?? '')).toContain('operator')
  const flushed = await bash(fenceReplicas ?? '', fenceAndFlush ?? '')
  expect(flushed).not.toMatch(/ERR|NOPERM|WRONGPASS/)
  // How many there were, the time, and the deletion.
  const [, count] = /QUEUED\n(?:OK\n)+([0-9]+)\n[0-9]+\n[0-9]+\nOK\n/.exec(flushed) ?? []
  expect(Number(count), flushed).toBeGreaterThan(loaded.seeds)
  expect(await countSessions(loaded.client.redis, loaded.seeds)).toBe(0)
  await expect(loaded.client.redis.set('shop:session:new', 'v', 'EX', 60)).rejects.toThrow('NOPERM')
  expect(page).toContain("printf 'DBSIZE\\nFLUSHDB ASYNC\\nDBSIZE\\n' | redis")
  expect(await bash("printf 'DBSIZE\\nFLUSHDB ASYNC\\nDBSIZE\\n' | redis")).toMatch(/0\nOK\n0\n$/)
  const pods = ['hand-0', 'hand-1', 'hand-2'].map((pod) => (unfence ?? '').replace('| redis', `| redis ${pod}`))
  expect(pods[0]).toContain('| redis hand-0')
  await bash(...pods)
  expect(await loaded.client.redis.set('shop:session:new', 'v', 'EX', 60)).toBe('OK')

  // The primary is lost, and nobody is there to replace it.
  const afterFlushMs = loaded.writer.mark()
  await loaded.writer.untilWrites(afterFlushMs)
  const primary = (await bash('echo $POD')).trim().split('\n').at(-1) ?? ''
  process.kill(await cluster.containerPid(namespace, primary, 'redis'), 'SIGKILL')
  const [look, lead] = promote
  const seen = await bash(look ?? '')
  const found = [...seen.matchAll(/^== pod\/(\S+)\nrole:(\w+)[\s\S]*?master_repl_offset:([0-9]+)/gm)]
    .map(([, pod = '', role = '', offset = '0']) => ({ pod, role, offset: Number(offset) }))
    .filter(({ pod }) => pod !== primary)
  expect(found.map(({ role }) => role)).toEqual(['slave', 'slave'])
  const [heir] = found.toSorted((a, b) => b.offset - a.offset)
  const lostMs = loaded.writer.mark()
  expect(await bash(`HEIR=${heir?.pod}`, lead ?? '')).toContain('patched')
  await loaded.writer.untilWrites(lostMs)

  await scaleOperator(objects, 2)
  const whole = await untilWhole(at(), 'hand', { afterTerm: 1 })
  expect(whole.primary?.current).toBe(heir?.pod)
  await loaded.writer.untilWrites(loaded.writer.mark() + 1_000)
  const report = await loaded.writer.stop()
  // Nothing that was acknowledged after the flush is gone: neither with the primary, nor when the operator came back.
  const after = { ...report, acknowledged: report.acknowledged.filter(({ begunMs }) => begunMs > afterFlushMs) }
  expect(after.acknowledged.length).toBeGreaterThan(0)
  expect(await missing(loaded.client.redis, after)).toBe(0)
  await objects.create(flush(namespace, 'recorded', 'hand'))
  await objects.until(
    'flushsessions',
    'recorded',
    namespace,
    'completed',
    (each) => (each['status'] as { phase?: string } | undefined)?.phase === 'Completed',
  )
  await unload(at(), 'hand', loaded)
})
