import { createPublicKey, type KeyObject } from 'node:crypto'
import { next, seal, type Draft } from '../chain.ts'
import { nameOf } from '../record-name.ts'
import type { SignedRecord } from '../record.ts'
import { createSigner, generateKey, publicKeyOf, type Signer } from '../signature.ts'
import { streamName } from '../sink.ts'

/** A signing key and what verifies it. */
export interface TestKey {
  readonly signer: Signer
  readonly publicPem: string
  readonly publicKey: KeyObject
}

export const makeKey = (): TestKey => {
  const pem = generateKey()
  const publicPem = publicKeyOf(pem)
  return { signer: createSigner(pem), publicPem, publicKey: createPublicKey(publicPem) }
}

export const draft = (storeUid: string, index: number, change: Partial<Draft> = {}): Draft => ({
  storeUid,
  storeName: 'web',
  namespace: 'shop',
  type: index % 2 === 0 ? 'FlushIntended' : 'FlushCompleted',
  time: new Date(Date.UTC(2026, 10, 24, 1, index)).toISOString(),
  subject: { kind: 'FlushSessions', name: `inc-${index}`, uid: `f-${index}` },
  requestedBy: { username: 'jane', uid: 'u-1', groups: ['sre', 'system:authenticated'] },
  reason: 'Cookies leaked: "HAR" – Ärger 😀',
  reference: 'INC-4711',
  details: { matched: 3, percent: 12.5, none: null, nodes: [{ name: 'web-0', runId: 'ab' }] },
  ...change,
})

/** A chain as the operator writes it; the key of each record may differ. */
export const makeChain = (
  storeUid: string,
  length: number,
  keyOf: (index: number) => TestKey,
  change: Partial<Draft> = {},
): SignedRecord[] => {
  const records: SignedRecord[] = []
  for (let index = 0; index < length; index += 1)
    records.push(seal(next(records.at(-1), draft(storeUid, index, change)), keyOf(index).signer))
  return records
}

export const nameOfRecord = ({ entry }: SignedRecord): string => nameOf(entry.storeUid, entry.sequence)

/** The object of a record, as kubectl prints it. */
export const toObject = (record: SignedRecord) => ({
  apiVersion: 'sessionstore.dev/v1alpha1',
  kind: 'AuditRecord',
  metadata: {
    creationTimestamp: record.entry.time,
    generation: 1,
    name: nameOfRecord(record),
    namespace: record.entry.namespace,
    resourceVersion: '17',
    uid: `o-${record.entry.sequence}`,
  },
  spec: structuredClone(record),
})

export const toList = (items: readonly unknown[]) => ({
  apiVersion: 'v1',
  kind: 'List',
  metadata: { resourceVersion: '' },
  items,
})

export const toLine = (record: SignedRecord): string => JSON.stringify({ stream: streamName, record })
