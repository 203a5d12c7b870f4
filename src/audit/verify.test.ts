import { describe, expect, test } from 'vitest'
import { seal } from './chain.ts'
import type { SignedRecord } from './record.ts'
import { makeChain, makeKey, nameOfRecord, toObject } from './testing/chain.ts'
import { verifyRecords } from './verify.ts'

const key = makeKey()
const otherKey = makeKey()
const chain = makeChain('s1', 5, () => key)
const bare = (records: readonly SignedRecord[]) => records.map((record) => ({ record }))
const at = (index: number): SignedRecord => {
  const record = chain.at(index)
  if (!record) throw new Error('no such record')
  return record
}
const headOf = (record: SignedRecord) => ({ sequence: record.entry.sequence, hash: record.hash })

test('an untouched chain holds, and is described', () => {
  expect(verifyRecords(bare(chain), [key.publicKey])).toEqual({
    ok: true,
    stores: [
      {
        storeUid: 's1',
        storeName: 'web',
        namespace: 'shop',
        records: 5,
        head: headOf(at(4)),
        firstTime: '2026-11-24T01:00:00.000Z',
        lastTime: '2026-11-24T01:04:00.000Z',
        witnessed: 0,
      },
    ],
  })
})

test('neither order nor the same record twice matters', () => {
  expect(verifyRecords(bare([...chain.toReversed(), at(2)]), [key.publicKey]).ok).toBe(true)
})

test('no records hold, and no store is named', () => {
  expect(verifyRecords([], [key.publicKey])).toEqual({ ok: true, stores: [] })
})

test('a record removed from the middle is named', () => {
  expect(verifyRecords(bare(chain.toSpliced(2, 1)), [key.publicKey])).toEqual({
    ok: false,
    record: 's1-00000003',
    reason: 'it is missing: the next that is there is 4',
  })
})

test('a chain that does not begin at 1 is named by its missing first', () => {
  expect(verifyRecords(bare(chain.slice(2)), [key.publicKey])).toMatchObject({ ok: false, record: 's1-00000001' })
})

describe('a deleted tail', () => {
  const left = bare(chain.slice(0, 3))
  test('does not show without a witness', () => {
    expect(verifyRecords(left, [key.publicKey]).ok).toBe(true)
  })
  test('shows against the stream', () => {
    expect(verifyRecords(left, [key.publicKey], { stream: bare(chain) })).toEqual({
      ok: false,
      record: 's1-00000004',
      reason: 'it is missing: the stream has it, the export does not',
    })
  })
  test('shows against the end of the stream alone', () => {
    expect(verifyRecords(left, [key.publicKey], { stream: bare(chain.slice(4)) })).toMatchObject({
      ok: false,
      record: 's1-00000004',
    })
  })
  test('shows against a head', () => {
    expect(verifyRecords(left, [key.publicKey], { head: headOf(at(4)) })).toMatchObject({
      ok: false,
      record: 's1-00000005',
      reason: 'it is missing: the chain ends at 3, the given head is 5',
    })
  })
  test('shows when the whole chain was deleted', () => {
    expect(verifyRecords([], [key.publicKey], { stream: bare(chain) })).toMatchObject({ record: 's1-00000001' })
    expect(verifyRecords([], [key.publicKey], { head: headOf(at(4)) }).ok).toBe(false)
  })
})

test('witnesses say how far they confirm a chain', () => {
  const witnessed = (witnesses: Parameters<typeof verifyRecords>[2]) => {
    const verdict = verifyRecords(bare(chain), [key.publicKey], witnesses)
    return verdict.ok ? verdict.stores[0]?.witnessed : verdict
  }
  expect(witnessed({ stream: bare(chain.slice(1, 4)) })).toBe(4)
  expect(witnessed({ head: headOf(at(2)) })).toBe(3)
  expect(witnessed({ stream: bare(chain.slice(0, 2)), head: headOf(at(4)) })).toBe(5)
})

test('a chain written anew by the holder of the key shows against a head and against the stream', () => {
  const anew = makeChain('s1', 5, () => key, { reason: 'nothing to see' })
  expect(verifyRecords(bare(anew), [key.publicKey]).ok).toBe(true)
  expect(verifyRecords(bare(anew), [key.publicKey], { head: headOf(at(2)) })).toMatchObject({ record: 's1-00000003' })
  expect(verifyRecords(bare(anew), [key.publicKey], { stream: bare([at(1)]) })).toEqual({
    ok: false,
    record: 's1-00000002',
    reason: 'the stream has another record in this place',
  })
})

test('two signed records with different content in one place do not hold', () => {
  const fork = seal({ ...at(3).entry, reason: 'another' }, key.signer)
  expect(verifyRecords(bare([...chain, fork]), [key.publicKey])).toEqual({
    ok: false,
    record: 's1-00000004',
    reason: 'two records with different content claim this place',
  })
})

test('a signed record that follows another one than the one before it does not hold', () => {
  const stranger = seal({ ...at(3).entry, previousHash: 'a'.repeat(64) }, key.signer)
  const verdict = verifyRecords(bare(chain.with(3, stranger)), [key.publicKey])
  expect(verdict).toMatchObject({ ok: false, record: 's1-00000004' })
  expect(JSON.stringify(verdict)).toContain('does not follow s1-00000003')
})

test('a first record that names one before it does not hold', () => {
  const first = seal({ ...at(0).entry, previousHash: 'a'.repeat(64) }, key.signer)
  expect(verifyRecords(bare([first]), [key.publicKey])).toMatchObject({ ok: false, record: 's1-00000001' })
})

describe('a key that changed in mid-chain', () => {
  const mixed = makeChain('s1', 4, (index) => (index < 2 ? key : otherKey))
  test('holds with both public keys', () => {
    expect(verifyRecords(bare(mixed), [otherKey.publicKey, key.publicKey]).ok).toBe(true)
  })
  test('is named with one', () => {
    const verdict = verifyRecords(bare(mixed), [key.publicKey])
    expect(verdict).toMatchObject({ ok: false, record: 's1-00000003' })
    expect(JSON.stringify(verdict)).toContain(otherKey.signer.keyId)
  })
})

test("a record sealed with another's key under this key's name does not hold", () => {
  const forged = { ...seal(at(1).entry, otherKey.signer), keyId: key.signer.keyId }
  const verdict = verifyRecords(bare(chain.with(1, forged)), [key.publicKey])
  expect(verdict).toMatchObject({ ok: false, record: 's1-00000002' })
  expect(JSON.stringify(verdict)).toContain('signature')
})

test('several stores are verified each by itself, and the first in order of UID is named', () => {
  const second = makeChain('s2', 3, () => key, { storeName: 'api', namespace: 'bank' })
  const both = bare([...second, ...chain])
  const verdict = verifyRecords(both, [key.publicKey])
  expect(verdict.ok && verdict.stores.map(({ storeUid, records }) => [storeUid, records])).toEqual([
    ['s1', 5],
    ['s2', 3],
  ])
  const [, removed] = second
  expect(
    verifyRecords(
      both.filter(({ record }) => record !== removed),
      [key.publicKey],
    ),
  ).toMatchObject({
    record: 's2-00000002',
  })
  const last = second.at(-1)
  if (!last) throw new Error('no record')
  expect(verifyRecords(both, [key.publicKey], { head: headOf(last) }).ok).toBe(true)
  expect(verifyRecords(both, [key.publicKey], { head: { ...headOf(last), storeUid: 's1' } })).toMatchObject({
    ok: false,
    record: 's1-00000003',
  })
  expect(verifyRecords(both, [key.publicKey], { head: { ...headOf(last), storeUid: 'gone' } }).ok).toBe(false)
})

describe('the object a record stands in', () => {
  const withObject = (index: number, object: { name: string; namespace: string }) =>
    chain.map((record, place) => ({ record, object: place === index ? object : toObject(record).metadata }))
  test('holds under its own name', () => {
    expect(verifyRecords(withObject(2, toObject(at(2)).metadata), [key.publicKey]).ok).toBe(true)
  })
  test.each(['s1-00000009', 's1-00000001', 's1-3', 'S1-00000003', 'other'])('does not hold as %s', (name) => {
    const verdict = verifyRecords(withObject(2, { name, namespace: 'shop' }), [key.publicKey])
    expect(verdict).toMatchObject({ ok: false, record: nameOfRecord(at(2)) })
  })
  test('does not hold in another namespace', () => {
    const verdict = verifyRecords(withObject(2, { name: 's1-00000003', namespace: 'bank' }), [key.publicKey])
    expect(verdict).toMatchObject({ ok: false, record: 's1-00000003' })
  })
})

test('a broken record in the export or in the stream does not hold', () => {
  const broken = { name: 's1-00000006', reason: 'field hash: no' }
  expect(verifyRecords([...bare(chain), broken], [key.publicKey])).toEqual({
    ok: false,
    record: 's1-00000006',
    reason: 'field hash: no',
  })
  expect(verifyRecords(bare(chain), [key.publicKey], { stream: [{ name: 'line 3', reason: 'cut off' }] })).toEqual({
    ok: false,
    record: 'line 3',
    reason: 'in the stream: cut off',
  })
})

test('an entry that cannot be hashed does not hold', () => {
  const odd = { ...at(1), entry: { ...at(1).entry, reason: '\ud800' } }
  expect(verifyRecords(bare(chain.with(1, odd)), [key.publicKey])).toMatchObject({ record: 's1-00000002' })
})
