import { z } from 'zod'
import { embedded } from './values.ts'

/** The signed record as `src/audit` makes it; Kubernetes only keeps it. */
export const auditRecordSpec = z.object({
  entry: embedded().describe('What is signed: who, what, when, why, and the place in the chain of its store.'),
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('SHA-256 of the entry in canonical JSON (RFC 8785).'),
  keyId: z.string().max(64).describe('Which key signed.'),
  signature: z.string().max(256).describe('Ed25519, base64.'),
})
