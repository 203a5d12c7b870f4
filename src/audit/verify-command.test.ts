import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { generateKey } from './signature.ts'
import { makeChain, makeKey, toLine, toList, toObject } from './testing/chain.ts'
import { runVerify } from './verify-command.ts'

const key = makeKey()
const chain = makeChain('s1', 3, () => key)
const elsewhere = makeChain('s2', 2, () => key, { namespace: 'bank' })
const folder = mkdtempSync(join(tmpdir(), 'verify-'))
const file = (name: string, text: string | Buffer): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const pem = file('key.pem', key.publicPem)
const otherPem = file('other.pem', makeKey().publicPem)
const exported = (records: typeof chain): string => JSON.stringify(toList(records.map(toObject)))
const all = file('all.json', exported(chain))
const short = file('short.json', exported(chain.slice(0, 2)))
const stream = file('audit.jsonl', ['starting', ...chain.map(toLine), ...elsewhere.map(toLine)].join('\n'))

const run = async (args: readonly string[], input = '') => {
  let out = ''
  let err = ''
  const code = await runVerify(['node', 'verify', ...args], {
    stdin: Readable.from([input]),
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
  })
  return { code, out, err }
}

test('says that all holds, of which stores, from when to when, and what cannot be seen', async () => {
  const { code, out, err } = await run(['--public-key', pem, all])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain('3 records of 1 store hold.')
  expect(out).toContain('shop/web: 3 records, 2026-11-24T01:00:00.000Z to 2026-11-24T01:02:00.000Z, head s1:3:')
  expect(out).toContain('A deleted tail cannot be seen without')
})

test('says nothing of a tail that the stream or a head confirms', async () => {
  const byStream = await run(['--public-key', pem, '--stream', stream, '-n', 'shop', all])
  const byHead = await run(['--public-key', pem, '--head', `3:${chain[2]?.hash}`, all])
  expect(byStream.code).toBe(0)
  expect(byHead).toEqual(byStream)
  expect(byHead.out).not.toContain('cannot be seen')
})

test('names the first record that does not hold, and ends with 1', async () => {
  const tail = await run(['--public-key', pem, '--stream', stream, '--namespace', 'shop', short])
  expect(tail.code).toBe(1)
  expect(tail.out).toContain('DOES NOT HOLD: s1-00000003\nit is missing: the stream has it')
  expect((await run(['--public-key', pem, '--stream', stream, all])).out).toContain('DOES NOT HOLD: s2-00000001')
  expect((await run(['--public-key', otherPem, all])).out).toContain('DOES NOT HOLD: s1-00000001')
})

test('writes JSON', async () => {
  const good = await run(['--public-key', pem, '-o', 'json', all])
  expect(JSON.parse(good.out)).toMatchObject({ ok: true, stores: [{ storeUid: 's1', records: 3 }], warnings: [{}] })
  const bad = await run(['--public-key', pem, '-o', 'json', '--head', `3:${chain[2]?.hash}`, short])
  expect(bad.code).toBe(1)
  expect(JSON.parse(bad.out)).toMatchObject({ ok: false, record: 's1-00000003' })
})

test('reads standard input, the public key from its ConfigMap, and several keys', async () => {
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'k' },
    data: { 'public.pem': key.publicPem },
  }
  const json = file('key.json', JSON.stringify(configMap))
  const yaml = file('key.yaml', stringify(configMap))
  for (const path of [json, yaml])
    expect(await run(['--public-key', otherPem, '--public-key', path, '-'], exported(chain))).toMatchObject({ code: 0 })
})

test('does not let what an export says write to the terminal', async () => {
  const records = makeChain('s1', 1, () => key, { storeName: 'web\u001b[2J' })
  const { code, out } = await run(['--public-key', pem, '-'], exported(records))
  expect(code).toBe(0)
  expect(out).not.toContain('\u001b')
})

test.each([
  ['no public key', [all], '--public-key'],
  ['no export', ['--public-key', pem], 'export'],
  ['a file that is not there', ['--public-key', pem, join(folder, 'none')], 'none'],
  ['a private key', ['--public-key', file('private.pem', generateKey()), all], 'private key'],
  ['a key that is none', ['--public-key', all, all], 'neither PEM nor one ConfigMap'],
  ['an export that is none', ['--public-key', pem, pem], 'key.pem'],
  ['bytes that are not UTF-8', ['--public-key', pem, file('latin', Buffer.from([0x7b, 0xe4, 0x7d]))], 'latin'],
  ['a head that is none', ['--public-key', pem, '--head', '3:abc', all], 'sequence:hash'],
  ['a stream without a line', ['--public-key', pem, '--stream', pem, all], 'no line of the audit stream'],
  ['standard input twice', ['--public-key', pem, '--stream', '-', '-'], 'standard input'],
  ['an option that is none', ['--public-key', pem, '--force', all], '--force'],
])('ends with 2 for %s, and says so', async (_, args, message) => {
  const { code, out, err } = await run(args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(message)
  expect(err).not.toContain('PRIVATE')
})

test('explains itself', async () => {
  const { code, out } = await run(['--help'])
  expect(code).toBe(0)
  expect(out).toContain('Exits with 0')
})
