import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../../build/bundle.ts'
import { attempt } from '../cluster/command.ts'
import type { Kubectl } from '../e2e/kubectl.ts'
import { detail, say, show } from './say.ts'

const verifier = join(import.meta.dirname, '../../dist/verify.mjs')

/** Exports the audit records, verifies them as an auditor does, without the cluster, and then a copy with one byte changed. */
export const verifyRecords = async (kubectl: Kubectl, namespace: string, operatorNamespace: string): Promise<void> => {
  await bundle({ entry: 'src/verify.ts', outfile: verifier })
  const folder = await mkdtemp(join(tmpdir(), 'audit-'))
  try {
    const records = join(folder, 'records.json')
    const key = join(folder, 'key.json')
    await writeFile(records, await kubectl.run(['get', 'auditrecords', `--namespace=${namespace}`, '--output=json']))
    const configMap = 'session-store-operator-audit-public-key'
    await writeFile(
      key,
      await kubectl.run(['get', 'configmap', configMap, `--namespace=${operatorNamespace}`, '--output=json']),
    )
    say('kubectl get auditrecords -o json > records.json; node dist/verify.mjs --public-key key.json records.json')
    const report = await verify(records, key)
    for (const line of report?.trim().split('\n') ?? []) detail(line)
    show('the records verify, with the public key alone', report !== undefined)

    const text = await readFile(records, 'utf8')
    const changed = text.replace('HAR file', 'HAR file'.replace('f', 'F'))
    await writeFile(records, changed)
    show('with one byte of them changed they do not', changed !== text && (await verify(records, key)) === undefined)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** What it reports, or undefined when it found that something does not hold. */
const verify = async (records: string, key: string): Promise<string | undefined> =>
  (await attempt(process.execPath, [verifier, '--public-key', key, records]))?.stdout
