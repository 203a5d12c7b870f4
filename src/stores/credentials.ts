import { createHmac, randomBytes } from 'node:crypto'

/** A password of 256 bits that needs no escaping in a URL, a shell or an ACL file. */
export const newPassword = (): string => randomBytes(32).toString('base64url').replaceAll(/[-_]/g, 'x')

/**
 * The operator's own password for one store: HMAC-SHA256 of the master key, which lies in the operator's namespace alone. The
 * store's namespace holds its hash, so whoever reads every Secret there still cannot log in as the operator.
 */
export const operatorPassword = (masterKey: Buffer, storeUid: string, generation: number): string =>
  createHmac('sha256', masterKey).update(`sessionstore.dev/operator/${storeUid}/${generation}`).digest('hex')

/** The password with which a store's replicas log in to their primary, derived in the same way. Redis holds it in memory alone. */
export const replicationPassword = (masterKey: Buffer, storeUid: string, generation: number): string =>
  createHmac('sha256', masterKey).update(`sessionstore.dev/replication/${storeUid}/${generation}`).digest('hex')

/** Tells master keys apart, and says nothing of them. */
export const masterKeyId = (masterKey: Buffer): string =>
  createHmac('sha256', masterKey).update('sessionstore.dev/key-id').digest('hex').slice(0, 16)
