import {
  createECDH,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import { certify, type Subject } from './certificate.ts'

/** A store's certificate authority, of one generation. */
export interface Authority {
  readonly generation: number
  readonly subject: Subject
  readonly key: KeyObject
}

/** A private key and the certificate of its public half, both in PEM. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/** Validity of an authority's certificate, in ms: five years. */
export const authorityLifetimeMs = 5 * 365 * 24 * 3_600_000
/** Certificates begin this much before they are made, in ms: clocks differ. */
const clockSkewMs = 5 * 60_000

/**
 * The authority of a store. Its key is derived from the master key, like the operator's password: it is held nowhere, so that nobody who reads
 * the Secrets of the store's namespace can make certificates, and a Secret that was deleted is made again by the same authority.
 */
export const authorityOf = (masterKey: Buffer, storeUid: string, generation: number): Authority => ({
  generation,
  subject: { organization: storeUid, commonName: `SessionStore CA ${generation}` },
  key: deriveKey(masterKey, `sessionstore.dev/authority/${storeUid}/${generation}`),
})

/** A P-256 key: the first of a row of HMACs that is one, which is the first but for one in four thousand million. */
const deriveKey = (masterKey: Buffer, label: string): KeyObject => {
  const ecdh = createECDH('prime256v1')
  for (let attempt = 0; ; attempt += 1) {
    const scalar = createHmac('sha256', masterKey).update(`${label}/${attempt}`).digest()
    try {
      ecdh.setPrivateKey(scalar)
    } catch {
      continue
    }
    const point = ecdh.getPublicKey()
    const base64 = (bytes: Buffer) => bytes.toString('base64url')
    const [x, y] = [base64(point.subarray(1, 33)), base64(point.subarray(33))]
    return createPrivateKey({ key: { kty: 'EC', crv: 'P-256', d: base64(scalar), x, y }, format: 'jwk' })
  }
}

/** The authority's own certificate, in PEM: what those who connect have to trust. */
export const authorityCertificate = ({ subject, key }: Authority, now: Date): string =>
  certify({
    subject,
    publicKey: createPublicKey(key),
    issuer: subject,
    issuerKey: key,
    notBefore: new Date(now.getTime() - clockSkewMs),
    notAfter: new Date(now.getTime() + authorityLifetimeMs),
    purpose: 'Authority',
    dnsNames: [],
  })

/** True of a certificate, in PEM, that this authority has signed; its own included. */
export const hasSigned = ({ key }: Authority, certificate: string): boolean =>
  new X509Certificate(certificate).verify(createPublicKey(key))

export interface IssueOptions {
  readonly purpose: 'Server' | 'Client'
  readonly commonName: string
  readonly dnsNames?: readonly string[]
  readonly lifetimeMs: number
  readonly now: Date
}

/** A new key, and a certificate for it. */
export const issue = (authority: Authority, options: IssueOptions): KeyPair => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { purpose, commonName, dnsNames = [], lifetimeMs, now } = options
  const certificate = certify({
    subject: { organization: authority.subject.organization, commonName },
    publicKey,
    issuer: authority.subject,
    issuerKey: authority.key,
    notBefore: new Date(now.getTime() - clockSkewMs),
    notAfter: new Date(now.getTime() + lifetimeMs),
    purpose,
    dnsNames,
  })
  return { certificate, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}
