import { createHash, createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto'
import { bits, boolean, field, integer, objectId, octets, sequence, setOf, time, utf8 } from './der.ts'

/** Who a certificate is of. */
export interface Subject {
  readonly commonName: string
  readonly organization: string
}

/** What a certificate says. */
export interface CertificateContent {
  readonly subject: Subject
  readonly publicKey: KeyObject
  readonly issuer: Subject
  /** P-256, of the issuer. */
  readonly issuerKey: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
  /** `Authority` signs others, and no authority below it. `Server` can also log in to another server, as a replica does. */
  readonly purpose: 'Authority' | 'Server' | 'Client'
  /** Names of the server. */
  readonly dnsNames: readonly string[]
}

// Object identifiers of RFC 5280 and RFC 5758.
const ecdsaWithSha256 = '1.2.840.10045.4.3.2'
const commonName = '2.5.4.3'
const organization = '2.5.4.10'
const subjectKeyId = '2.5.29.14'
const keyUsage = '2.5.29.15'
const subjectAltName = '2.5.29.17'
const basicConstraints = '2.5.29.19'
const authorityKeyId = '2.5.29.35'
const extendedKeyUsage = '2.5.29.37'
const serverAuth = '1.3.6.1.5.5.7.3.1'
const clientAuth = '1.3.6.1.5.5.7.3.2'

/** Makes an X.509 certificate (RFC 5280), in PEM. */
export const certify = (content: CertificateContent): string => {
  const algorithm = sequence(objectId(ecdsaWithSha256))
  const toBeSigned = sequence(
    field(0, integer(Buffer.from([2])), true),
    // Positive, and beyond guessing: CA/Browser Forum, Baseline Requirements 7.1.
    integer(Buffer.concat([Buffer.from([0x40 | randomByte()]), randomBytes(15)])),
    algorithm,
    nameOf(content.issuer),
    sequence(time(content.notBefore), time(content.notAfter)),
    nameOf(content.subject),
    spki(content.publicKey),
    field(3, sequence(...extensions(content)), true),
  )
  const signature = sign('sha256', toBeSigned, content.issuerKey)
  const der = sequence(toBeSigned, algorithm, bits(signature))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** Seven bits, of which the highest is left to the caller. */
const randomByte = (): number => (randomBytes(1)[0] ?? 0) & 0x3f

const nameOf = (subject: Subject): Buffer =>
  sequence(
    setOf(sequence(objectId(organization), utf8(subject.organization))),
    setOf(sequence(objectId(commonName), utf8(subject.commonName))),
  )

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' })

/** Tells keys apart; any value does that is the same for the same key (RFC 5280, 4.2.1.2). */
const keyId = (key: KeyObject): Buffer => createHash('sha256').update(spki(key)).digest().subarray(0, 20)

const extensions = ({ purpose, publicKey, issuerKey, dnsNames }: CertificateContent): readonly Buffer[] => [
  ...(purpose === 'Authority'
    ? [
        extension(basicConstraints, sequence(boolean(true), integer(Buffer.from([0]))), true),
        // keyCertSign and cRLSign: bits 5 and 6.
        extension(keyUsage, bits(Buffer.from([0b0000_0110]), 1), true),
      ]
    : [
        extension(basicConstraints, sequence(), true),
        // digitalSignature: bit 0.
        extension(keyUsage, bits(Buffer.from([0b1000_0000]), 7), true),
        extension(
          extendedKeyUsage,
          sequence(...(purpose === 'Server' ? [serverAuth, clientAuth] : [clientAuth]).map(objectId)),
        ),
      ]),
  extension(subjectKeyId, octets(keyId(publicKey))),
  extension(authorityKeyId, sequence(field(0, keyId(createPublicKey(issuerKey)), false))),
  ...(dnsNames.length > 0
    ? [extension(subjectAltName, sequence(...dnsNames.map((name) => field(2, Buffer.from(name, 'ascii'), false))))]
    : []),
]

const extension = (id: string, value: Uint8Array, critical = false): Buffer =>
  sequence(objectId(id), ...(critical ? [boolean(true)] : []), octets(value))
