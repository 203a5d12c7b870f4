import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'

/** What a server needs to speak TLS. All in PEM. */
export interface Material {
  /** The server's certificate, and those between it and an authority. */
  readonly certificate: string
  readonly key: string
  /** Whom the server and those who connect to it trust, one certificate each. */
  readonly authorities: readonly string[]
}

/** The certificates in a PEM file, one each; what is between them is left out. */
export const splitPem = (text: string): readonly string[] =>
  [...text.matchAll(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g)].map(([pem]) => `${pem}\n`)

/** The server's own certificate. Throws when it is none. */
export const leafOf = ({ certificate }: Pick<Material, 'certificate'>): X509Certificate =>
  new X509Certificate(certificate)

/** True when the key is the one that the certificate is for. Throws when either is none. */
export const keyFits = (material: Pick<Material, 'certificate' | 'key'>): boolean =>
  leafOf(material).checkPrivateKey(createPrivateKey(material.key))

/** Names a version of a server's files: the same for the same contents. */
export const versionOf = ({ certificate, key, authorities }: Material): string =>
  createHash('sha256')
    .update(JSON.stringify([certificate, key, authorities]))
    .digest('hex')
    .slice(0, 12)

const fingerprint = (pem: string): string => new X509Certificate(pem).fingerprint256

/** `first`, and those of `second` that are not in it. */
export const union = (first: readonly string[], second: readonly string[]): readonly string[] => {
  const known = new Set(first.map(fingerprint))
  return [...first, ...second.filter((pem) => !known.has(fingerprint(pem)))]
}

export const hasAll = (authorities: readonly string[], wanted: readonly string[]): boolean =>
  union(authorities, wanted).length === authorities.length

/** True when one of the authorities has signed the first certificate of the chain, by way of the others. Dates are not looked at. */
export const isTrusted = (chain: string, authorities: readonly string[]): boolean => {
  const roots = authorities.map((pem) => new X509Certificate(pem))
  const [leaf, ...between] = splitPem(chain).map((pem) => new X509Certificate(pem))
  const signed = (one: X509Certificate, by: X509Certificate) => one.checkIssued(by) && one.verify(by.publicKey)
  const left = new Set(between)
  for (let current = leaf; current !== undefined;) {
    const one = current
    // An authority may be given as the chain's end, or as the one that signed it.
    if (roots.some((root) => root.fingerprint256 === one.fingerprint256 || signed(one, root))) return true
    current = [...left].find((next) => signed(one, next))
    if (current) left.delete(current)
  }
  return false
}
