import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'

/** Signs hashes of entries. */
export interface Signer {
  readonly keyId: string
  /** Signs a hash (hex); returns base64. */
  sign(hash: string): string
}

// A signature made for an audit record must mean nothing anywhere else.
const domain = 'sessionstore.dev/audit-record/v1\n'

const message = (hash: string): Buffer => Buffer.concat([Buffer.from(domain), Buffer.from(hash, 'hex')])

/** A new Ed25519 private key: PKCS #8, PEM. */
export const generateKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

/** The public half of a private key: SPKI, PEM. */
export const publicKeyOf = (privateKeyPem: string): string =>
  createPublicKey(createPrivateKey(privateKeyPem)).export({ type: 'spki', format: 'pem' }).toString()

/** Names a public key: the first 16 hex digits of the SHA-256 of its SPKI. */
export const keyIdOf = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)

/** A signer for a private key (PKCS #8, PEM). Throws when it is not an Ed25519 key. */
export const createSigner = (privateKeyPem: string): Signer => {
  const key = createPrivateKey(privateKeyPem)
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('the audit key is not an Ed25519 key')
  return {
    keyId: keyIdOf(createPublicKey(key)),
    sign: (hash) => sign(null, message(hash), key).toString('base64'),
  }
}

/** True when `signature` (base64) is the key's, for this hash. */
export const verifySignature = (publicKey: KeyObject, hash: string, signature: string): boolean =>
  verify(null, message(hash), publicKey, Buffer.from(signature, 'base64'))
