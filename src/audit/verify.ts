import type { KeyObject } from 'node:crypto'
import { canonicalize, hashOf } from './canonical.ts'
import { noHash } from './chain.ts'
import type { ExportedRecord, IntactForm } from './exported-record.ts'
import { nameOf, placeOf } from './record-name.ts'
import type { SignedRecord } from './record.ts'
import { keyIdOf, verifySignature } from './signature.ts'

/** A place in a chain that somebody wrote down earlier, outside of the cluster. */
export interface Head {
  /** Needed when the export holds several stores. */
  readonly storeUid?: string
  readonly sequence: number
  readonly hash: string
}

/** What bears witness to records that may have been deleted from the end of a chain. */
export interface Witnesses {
  readonly head?: Head
  readonly stream?: readonly ExportedRecord[]
}

/** A chain that holds. */
export interface VerifiedStore {
  readonly storeUid: string
  readonly storeName: string
  readonly namespace: string
  readonly records: number
  readonly head: { readonly sequence: number; readonly hash: string }
  readonly firstTime: string
  readonly lastTime: string
  /** The last place that a witness confirms, 0 for none: records deleted after it do not show. */
  readonly witnessed: number
}

/** All records hold, or the first that does not: stores in order of their UID, records in order of their sequence. */
export type Verdict =
  | { readonly ok: true; readonly stores: readonly VerifiedStore[] }
  | { readonly ok: false; readonly record: string; readonly reason: string }

interface Failure {
  readonly record: string
  readonly reason: string
}

interface Slot {
  readonly exported: Found[]
  readonly streamed: Found[]
}

/** A record in its place; `fault` when it does not hold by itself. */
interface Found {
  readonly record: SignedRecord | undefined
  readonly fault: string | undefined
}

type Keys = ReadonlyMap<string, KeyObject>

/**
 * Verifies every chain in an export against the public keys that may have signed it, and against what witnesses say. Order does not matter, and
 * the same record may be there twice.
 */
export const verifyRecords = (
  records: readonly ExportedRecord[],
  publicKeys: readonly KeyObject[],
  { head, stream = [] }: Witnesses = {},
): Verdict => {
  const keys = new Map(publicKeys.map((key) => [keyIdOf(key), key]))
  const chains = new Map<string, Map<number, Slot>>()
  const unplaced = [
    ...place(records, 'exported', chains, keys),
    ...place(stream, 'streamed', chains, keys).map(({ record, reason }) => ({
      record,
      reason: `in the stream: ${reason}`,
    })),
  ]
  const [first] = unplaced
  if (first) return { ok: false, ...first }
  const stores: VerifiedStore[] = []
  for (const [storeUid, slots] of [...chains].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const result = verifyChain(storeUid, slots)
    if ('reason' in result) return { ok: false, ...result }
    stores.push(result)
  }
  return head ? verifyHead(head, stores, chains) : { ok: true, stores }
}

/** Puts records where they belong; returns those that do not say where. */
const place = (
  records: readonly ExportedRecord[],
  source: keyof Slot,
  chains: Map<string, Map<number, Slot>>,
  keys: Keys,
): readonly Failure[] => {
  const unplaced: Failure[] = []
  for (const item of records) {
    const { at, found } = find(item, keys)
    if (!at) {
      unplaced.push({ record: 'name' in item ? item.name : '', reason: found.fault ?? '' })
      continue
    }
    const slots = chains.get(at.storeUid) ?? new Map<number, Slot>()
    chains.set(at.storeUid, slots)
    const slot = slots.get(at.sequence) ?? { exported: [], streamed: [] }
    slots.set(at.sequence, slot)
    slot[source].push(found)
  }
  return unplaced
}

/** What was signed says where a record belongs; where that does not hold, the object's name does, since the API server lets nobody change it. */
const find = (
  item: ExportedRecord,
  keys: Keys,
): { at: { storeUid: string; sequence: number } | undefined; found: Found } => {
  if ('reason' in item) return { at: placeOf(item.name), found: { record: undefined, fault: item.reason } }
  const { record, object } = item
  const fault = faultOf(record, keys)
  if (fault !== undefined) return { at: (object && placeOf(object.name)) ?? record.entry, found: { record, fault } }
  return { at: record.entry, found: { record, fault: foreignObject(item) } }
}

const faultOf = (record: SignedRecord, keys: Keys): string | undefined => {
  let hash: string
  try {
    hash = hashOf(record.entry)
  } catch {
    return 'its entry holds what JSON cannot carry, such as half of a Unicode pair'
  }
  if (hash !== record.hash)
    return `its entry was changed: the hash of what it says is ${hash}, it carries ${record.hash}`
  const key = keys.get(record.keyId)
  if (!key)
    return `it is signed with key ${record.keyId}, which is none of those given (${[...keys.keys()].join(', ')})`
  return verifySignature(key, record.hash, record.signature)
    ? undefined
    : `its signature is not that of key ${record.keyId}: not written by the operator`
}

const foreignObject = ({ record: { entry }, object }: IntactForm): string | undefined => {
  if (!object) return undefined
  if (object.name !== nameOf(entry.storeUid, entry.sequence))
    return `it stands in an object of another name, ${object.name}`
  return object.namespace === entry.namespace
    ? undefined
    : `it stands in namespace ${object.namespace}, and was written in ${entry.namespace}`
}

const verifyChain = (storeUid: string, slots: ReadonlyMap<number, Slot>): VerifiedStore | Failure => {
  let previous: SignedRecord | undefined
  let first: SignedRecord | undefined
  let witnessed = 0
  for (const [sequence, slot] of [...slots].sort(([a], [b]) => a - b)) {
    const expected = (previous?.entry.sequence ?? 0) + 1
    if (sequence !== expected)
      return {
        record: nameOf(storeUid, expected),
        reason: previous
          ? `it is missing: the next that is there is ${sequence}`
          : `it is missing: the chain begins at ${sequence} and not at 1`,
      }
    const name = nameOf(storeUid, sequence)
    const found = verifySlot(slot)
    if (typeof found === 'string') return { record: name, reason: found }
    if (found.entry.previousHash !== (previous?.hash ?? noHash))
      return {
        record: name,
        reason: previous
          ? `it does not follow ${nameOf(storeUid, expected - 1)}: its previousHash is of another record`
          : 'it is the first, and its previousHash names one before it',
      }
    if (slot.streamed.length > 0) witnessed = sequence
    first ??= found
    previous = found
  }
  if (!first || !previous) return { record: nameOf(storeUid, 1), reason: 'it is missing' }
  const { storeName, namespace, time } = previous.entry
  return {
    storeUid,
    storeName,
    namespace,
    records: slots.size,
    head: { sequence: previous.entry.sequence, hash: previous.hash },
    firstTime: first.entry.time,
    lastTime: time,
    witnessed,
  }
}

/** The one record of a place, or what is wrong there. */
const verifySlot = ({ exported, streamed }: Slot): SignedRecord | string => {
  const [one, ...others] = exported
  for (const { fault } of exported) if (fault !== undefined) return fault
  for (const { fault } of streamed) if (fault !== undefined) return `in the stream: ${fault}`
  if (!one?.record) return 'it is missing: the stream has it, the export does not'
  const text = canonicalize(one.record)
  const differs = ({ record }: Found): boolean => canonicalize(record) !== text
  if (others.some(differs)) return 'two records with different content claim this place'
  if (streamed.some(differs)) return 'the stream has another record in this place'
  return one.record
}

const verifyHead = (
  { storeUid, sequence, hash }: Head,
  stores: readonly VerifiedStore[],
  chains: ReadonlyMap<string, ReadonlyMap<number, Slot>>,
): Verdict => {
  const candidates = stores.filter((store) => storeUid === undefined || store.storeUid === storeUid)
  const hashIn = (store: VerifiedStore): string | undefined =>
    chains.get(store.storeUid)?.get(sequence)?.exported[0]?.record?.hash
  const match = candidates.find((store) => hashIn(store) === hash)
  if (match)
    return {
      ok: true,
      stores: stores.map((store) =>
        store === match ? { ...store, witnessed: Math.max(store.witnessed, sequence) } : store,
      ),
    }
  const [only] = candidates
  if (!only || candidates.length > 1)
    return {
      ok: false,
      record: nameOf(storeUid ?? '(any store)', sequence),
      reason: `no store of this export has record ${sequence} with the hash of the given head`,
    }
  return {
    ok: false,
    record: nameOf(only.storeUid, sequence),
    reason:
      hashIn(only) === undefined
        ? `it is missing: the chain ends at ${only.head.sequence}, the given head is ${sequence}`
        : `its hash is not that of the given head: the chain was written anew`,
  }
}
