import { X509Certificate } from 'node:crypto'
import type { ReadSessionStore } from '../../api/resources.ts'
import { parseDurationMs } from '../../api/values.ts'
import { storeName, storeUid } from '../names.ts'
import type { MasterKeys } from '../own-credentials.ts'
import { authorityCertificate, authorityOf, hasSigned, issue, type Authority, type KeyPair } from './authority.ts'
import { keyFits, leafOf, type Material } from './material.ts'
import { serverNames } from './server-names.ts'
import type { CertificateState } from './tls-secret.ts'

type Keys = MasterKeys

/** What the operator, as the authority, wants a store's servers to have. */
export interface ManagedTarget {
  readonly generation: number
  /** The authority's certificate, PEM. */
  readonly authority: string
  /** The current certificate is right as it is. */
  readonly keeps: boolean
  /** The current one must be replaced now, by whoever has signed it: its end is near, or somebody asked. */
  readonly due: boolean
}

/** True when two thirds of its life have passed. */
const isDue = ({ validFromDate, validToDate }: X509Certificate, now: Date): boolean =>
  now.getTime() >= validFromDate.getTime() + ((validToDate.getTime() - validFromDate.getTime()) * 2) / 3

/** What a store's servers are to have now, by its spec and by what they have. */
export const managedTarget = (
  keys: Keys,
  store: ReadSessionStore,
  current: Material | undefined,
  state: CertificateState | undefined,
  now: Date,
): ManagedTarget => {
  const { renewal } = store.spec.tls
  const known = state?.authority ?? store.status?.tls?.authority ?? 1
  const own = current && certificateIn(keys, store, known, current.authorities)
  const asked = state !== undefined && renewal.authorityRequest !== undefined
  const isNew = asked && renewal.authorityRequest !== state.authorityRequest
  const isOld = own !== undefined && isDue(new X509Certificate(own), now)
  // One change at a time: another one waits until the authority of before is gone.
  const settled = current !== undefined && own !== undefined && current.authorities.length === 1
  const generation = settled && (isNew || isOld) ? known + 1 : known
  const authority = authorityOf(keys.masterKey, storeUid(store), generation)
  const leaf = current && leafOf(current)
  const requested = state !== undefined && renewal.request !== undefined && renewal.request !== state.request
  const names = serverNames(store)
  const due = leaf !== undefined && (requested || isDue(leaf, now) || !names.every((name) => covers(leaf, name)))
  return {
    generation,
    authority:
      (current && certificateIn(keys, store, generation, current.authorities)) ?? authorityCertificate(authority, now),
    keeps: leaf !== undefined && !due && hasSigned(authority, leaf.toString()),
    due,
  }
}

/** The certificate of the authority of a generation among others. */
const certificateIn = (
  { masterKey }: Keys,
  store: ReadSessionStore,
  generation: number,
  authorities: readonly string[],
): string | undefined => authorities.find((pem) => hasSigned(authorityOf(masterKey, storeUid(store), generation), pem))

const covers = ({ subjectAltName = '' }: X509Certificate, name: string): boolean =>
  subjectAltName.split(', ').includes(`DNS:${name}`)

/** The authority that has signed a server's certificate: that of `generation`, or one before while they overlap. */
export const signerOf = (
  { masterKey, previousMasterKey }: Keys,
  store: ReadSessionStore,
  generation: number,
  material: Material | undefined,
): Authority => {
  const latest = authorityOf(masterKey, storeUid(store), generation)
  if (!material) return latest
  const others = [masterKey, ...(previousMasterKey ? [previousMasterKey] : [])].flatMap((key) =>
    [generation, generation - 1].filter((each) => each > 0).map((each) => authorityOf(key, storeUid(store), each)),
  )
  const leaf = leafOf(material).toString()
  return [latest, ...others].find((authority) => hasSigned(authority, leaf)) ?? latest
}

/** A new certificate for a store's servers. */
export const issueServer = (store: ReadSessionStore, authority: Authority, now: Date): KeyPair =>
  issue(authority, {
    purpose: 'Server',
    commonName: storeName(store).slice(0, 64),
    dnsNames: serverNames(store),
    lifetimeMs: parseDurationMs(store.spec.tls.renewal.lifetime),
    now,
  })

/** A certificate for somebody who connects: the one of before while it is right, or a new one. */
export const clientCertificate = (
  store: ReadSessionStore,
  authority: Authority,
  commonName: string,
  before: KeyPair | undefined,
  now: Date,
): KeyPair => {
  if (before && isUsable(before, authority, commonName, now)) return before
  const lifetimeMs = parseDurationMs(store.spec.tls.renewal.lifetime)
  return issue(authority, { purpose: 'Client', commonName, lifetimeMs, now })
}

const isUsable = (pair: KeyPair, authority: Authority, commonName: string, now: Date): boolean => {
  try {
    const certificate = leafOf(pair)
    return (
      keyFits(pair) &&
      hasSigned(authority, pair.certificate) &&
      certificate.subject.split('\n').includes(`CN=${commonName}`) &&
      !isDue(certificate, now)
    )
  } catch {
    return false
  }
}
