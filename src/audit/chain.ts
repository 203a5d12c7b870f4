import { hashOf } from './canonical.ts'
import type { AuditEntry, SignedRecord } from './record.ts'
import type { Signer } from './signature.ts'

/** What stands before the first record of a chain. */
export const noHash = '0'.repeat(64)

/** An entry without its place in the chain. */
export type Draft = Omit<AuditEntry, 'version' | 'sequence' | 'previousHash'>

/** The entry that follows `previous` in its store's chain, or begins it. */
export const next = (previous: SignedRecord | undefined, draft: Draft): AuditEntry => ({
  version: 1,
  ...draft,
  sequence: (previous?.entry.sequence ?? 0) + 1,
  previousHash: previous?.hash ?? noHash,
})

/** Hashes and signs an entry. */
export const seal = (entry: AuditEntry, signer: Signer): SignedRecord => {
  const hash = hashOf(entry)
  return { entry, hash, keyId: signer.keyId, signature: signer.sign(hash) }
}
