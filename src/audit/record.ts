/** Who did or asked for something, as the API server saw it. */
export interface Requester {
  readonly username: string
  readonly uid?: string
  readonly groups: readonly string[]
}

/** What happened. More types come with the features that need them. */
export type AuditType =
  | 'FlushIntended'
  | 'FlushCompleted'
  | 'FlushFailed'
  | 'FlushAborted'
  | 'PrimaryChanged'
  | 'CredentialRotated'
  | 'CertificateChanged'
  | 'PolicyEnforced'

/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** What is signed. Never a session id, a key name or a secret. */
export interface AuditEntry {
  readonly version: 1
  readonly storeUid: string
  readonly storeName: string
  readonly namespace: string
  /** The place in the chain of its store UID, from 1. */
  readonly sequence: number
  /** Hash of the record before, hex; 64 zeros for the first. */
  readonly previousHash: string
  readonly type: AuditType
  /** RFC 3339 with milliseconds, UTC, by the operator's clock. */
  readonly time: string
  /** The object that called for it. */
  readonly subject: { readonly kind: string; readonly name: string; readonly uid: string }
  readonly requestedBy: Requester
  readonly reason: string
  readonly reference?: string
  readonly details: { readonly [key: string]: Json }
}

/** An entry, its hash and its signature: the unit that is stored, exported and verified. */
export interface SignedRecord {
  readonly entry: AuditEntry
  /** SHA-256 of the entry in canonical JSON (RFC 8785), hex. */
  readonly hash: string
  /** The first 16 hex digits of the SHA-256 of the public key (SPKI, DER). */
  readonly keyId: string
  /** Ed25519 over a domain prefix and the hash, base64. */
  readonly signature: string
}
