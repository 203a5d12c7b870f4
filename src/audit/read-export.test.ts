import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { UnreadableExportError } from './exported-record.ts'
import { readExport } from './read-export.ts'
import { makeChain, makeKey, toLine, toList, toObject } from './testing/chain.ts'

const key = makeKey()
const chain = makeChain('s1', 3, () => key)
const [first] = chain
if (!first) throw new Error('no record')
const objects = chain.map(toObject)
const lines = chain.map(toLine)
const asObjects = chain.map((record) => ({
  record,
  object: { name: toObject(record).metadata.name, namespace: 'shop' },
}))
const asBare = chain.map((record) => ({ record }))

describe('reads what kubectl prints', () => {
  test.each([
    ['a List in JSON', JSON.stringify(toList(objects), null, 4)],
    ['an AuditRecordList in JSON', JSON.stringify({ ...toList(objects), kind: 'AuditRecordList' })],
    ['a List in YAML', stringify(toList(objects))],
    ['several documents in YAML', objects.map((object) => stringify(object)).join('---\n')],
    [
      'several documents with separators around',
      `---\n${objects.map((object) => stringify(object)).join('---\n')}---\n`,
    ],
    ['a List with a byte order mark', `\uFEFF${JSON.stringify(toList(objects))}`],
  ])('%s', (_, text) => {
    expect(readExport(text)).toEqual(asObjects)
  })
  test('a single object', () => {
    expect(readExport(JSON.stringify(objects[0]))).toEqual(asObjects.slice(0, 1))
    expect(readExport(stringify(objects[0]))).toEqual(asObjects.slice(0, 1))
  })
  test('a list of nothing', () => {
    expect(readExport(JSON.stringify(toList([])))).toEqual([])
    expect(readExport('apiVersion: v1\nitems: []\nkind: List\n')).toEqual([])
  })
  test('key ids that YAML would take for numbers, as Go leaves them', () => {
    const odd = { ...first, keyId: '12345678e1234567' }
    const yaml = stringify(toObject(odd)).replace(/"?12345678e1234567"?/, '12345678e1234567')
    expect(yaml).toContain('keyId: 12345678e1234567\n')
    expect(readExport(yaml)).toMatchObject([{ record: { keyId: '12345678e1234567' } }])
  })
})

describe('reads the stream', () => {
  test.each([
    ['alone', lines.join('\n')],
    ['a single line of it', lines[0] ?? ''],
    [
      'among other lines',
      ['starting', '{"level":"info"}', ...lines, '{"level":"warn","msg":"session-store-audit"}'].join('\n'),
    ],
    [
      'with the prefixes of kubectl logs',
      lines.map((line) => `[pod/op-0/operator] 2026-11-24T01:00:00.1Z ${line}`).join('\n'),
    ],
    [
      'in the form of the container runtime',
      lines.map((line) => `2026-11-24T01:00:00.123456789Z stdout F ${line}`).join('\n'),
    ],
    [
      'cut in parts by the container runtime',
      lines
        .flatMap((line) => [
          `2026-11-24T01:00:00.1Z stdout P ${line.slice(0, 100)}`,
          '2026-11-24T01:00:00.1Z stderr F {"level":"info"}',
          `2026-11-24T01:00:00.1Z stdout P ${line.slice(100, 200)}`,
          `2026-11-24T01:00:00.1Z stdout F ${line.slice(200)}`,
        ])
        .join('\n'),
    ],
    ['with Windows line ends', lines.join('\r\n')],
    [
      'with fields in another order and more of them',
      chain.map((record) => JSON.stringify({ host: 'n1', record, stream: 'session-store-audit' })).join('\n'),
    ],
  ])('%s', (_, text) => {
    expect(readExport(text)).toEqual(asBare.slice(0, text === lines[0] ? 1 : 3))
  })
  test('a reason that quotes a line of the stream is no line of it', () => {
    const [quoting] = makeChain('s1', 1, () => key, { reason: lines[0] ?? '' })
    if (!quoting) throw new Error('no record')
    expect(readExport([toLine(quoting), 'end'].join('\n'))).toEqual([{ record: quoting }])
    expect(readExport(stringify(toList([toObject(quoting)])))).toMatchObject([{ record: quoting }])
  })
  test('a line that is cut off is broken, not left out', () => {
    const cut = lines[1]?.slice(0, 200) ?? ''
    expect(readExport(['x', lines[0], cut].join('\n'))).toEqual([
      asBare[0],
      { name: 'line 3', reason: 'a line of the stream that is not whole JSON: cut off, or edited' },
    ])
    expect(readExport([lines[0], `2026-11-24T01:00:00.1Z stdout P ${cut}`].join('\n'))).toHaveLength(2)
  })
})

describe('what is no record is named, with its field', () => {
  test.each([
    ['a field missing', { ...objects[0], spec: { ...first, hash: undefined } }, 's1-00000001', 'field hash'],
    ['no spec', { ...objects[0], spec: undefined }, 's1-00000001', 'the record'],
    [
      'a field in the entry',
      { ...objects[0], spec: { ...first, entry: { ...first.entry, time: 'now' } } },
      's1-00000001',
      'entry.time',
    ],
    [
      'a newer version',
      { ...objects[0], spec: { ...first, entry: { ...first.entry, version: 2 } } },
      's1-00000001',
      'newer verify',
    ],
    ['a field beside the signature', { ...objects[0], spec: { ...first, note: 'x' } }, 's1-00000001', 'note'],
    ['loose base64', { ...objects[0], spec: { ...first, signature: `${first.signature}=` } }, 's1-00000001', 'base64'],
    ['another kind', { ...objects[0], kind: 'Secret' }, 's1-00000001', 'field kind'],
    ['another group', { ...objects[0], apiVersion: 'v1' }, 's1-00000001', 'field apiVersion'],
    ['no name', { ...objects[0], metadata: {} }, 'item 2', 'metadata.name'],
    ['not an object', 17, 'item 2', 'expected object'],
    ['bare, with a broken hash', { ...first, hash: 'x' }, 's1-00000001', 'field hash'],
  ])('%s', (_, item, name, reason) => {
    const [, broken] = readExport(JSON.stringify(toList([objects[1], item])))
    expect(broken).toMatchObject({ name, reason: expect.stringContaining(reason) as string })
  })
})

test.each([
  ['nothing', ' \n', 'empty'],
  ['some text', 'hello', 'no line of the audit stream'],
  ['JSON cut off', JSON.stringify(toList(objects)).slice(0, -5), 'not whole JSON'],
  ['another object', '{"kind":"Secret"}', 'no AuditRecord'],
  ['broken YAML', 'kind: List\nitems: [', 'not YAML'],
  ['aliases', 'kind: List\nitems: [&a {kind: AuditRecord}, *a]', 'not YAML'],
  ['a key twice', 'kind: List\nkind: List\nitems: []', 'not YAML'],
  ['deep nesting', `kind: ${'['.repeat(20_000)}`, 'not YAML'],
])('cannot read %s, and says so', (_, text, message) => {
  expect(() => readExport(text)).toThrow(UnreadableExportError)
  expect(() => readExport(text)).toThrow(message)
})
