import { z } from 'zod'
import type { SignedRecord } from './record.ts'

const text = z.string().min(1)
const hash = z.string().regex(/^[0-9a-f]{64}$/, 'wanted 64 hex digits')

// Loose: a newer operator may say more, and the hash covers whatever stands there.
const entry = z.looseObject({
  version: z.literal(1, 'this version of records is not known here: use a newer verify'),
  storeUid: text,
  storeName: text,
  namespace: text,
  sequence: z.int().min(1),
  previousHash: hash,
  type: text,
  time: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'wanted RFC 3339 with milliseconds, UTC'),
  subject: z.looseObject({ kind: text, name: text, uid: text }),
  requestedBy: z.looseObject({ username: z.string(), uid: z.string().optional(), groups: z.array(z.string()) }),
  reason: z.string(),
  reference: z.string().optional(),
  details: z.record(z.string(), z.unknown()),
})

// Node reads base64 leniently: without this, bits of the last digit and any stray character could change unseen.
const isBase64 = (value: string): boolean => Buffer.from(value, 'base64').toString('base64') === value

// Strict: nothing here but the entry is covered by the hash.
const signedRecord = z.strictObject({
  entry,
  hash,
  keyId: z.string().regex(/^[0-9a-f]{16}$/, 'wanted 16 hex digits'),
  signature: text.refine(isBase64, 'is not base64'),
})

/** A record, or what is wrong with it: the field and why. */
export type ParsedRecord =
  | { readonly record: SignedRecord }
  | { readonly reason: string; readonly claims: { storeUid: string; sequence: number } | undefined }

const claims = z.object({ entry: z.object({ storeUid: text, sequence: z.int().min(1) }) })

/** Checks that a value has the form of a record. The value itself is returned, unchanged: its hash must be of what was there. */
export const parseRecord = (value: unknown): ParsedRecord => {
  const parsed = signedRecord.safeParse(value)
  if (parsed.success) return { record: value as SignedRecord }
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.') ?? ''
  const claimed = claims.safeParse(value)
  return {
    reason: `${field === '' ? 'the record' : `field ${field}`}: ${issue?.message ?? 'not valid'}`,
    claims: claimed.success ? claimed.data.entry : undefined,
  }
}
