import { hasAll, isTrusted, union, type Material } from './material.ts'

/** What a change of certificates is decided by. */
export interface CertificateFacts {
  /** What servers are to use now; undefined when there is nothing usable yet. */
  readonly current: Material | undefined
  /** Whom servers, and those who connect, are to trust in the end. */
  readonly authorities: readonly string[]
  /** The current certificate is right as it is. */
  readonly keeps: boolean
  /** Every server is known to have what `current` says. */
  readonly loaded: boolean
  /** How long it has been so, in ms. */
  readonly sinceMs: number
  /** How long those who connect have to read another authority, in ms. */
  readonly overlapMs: number
}

export type CertificateStep =
  | { readonly step: 'none' }
  | { readonly step: 'wait'; readonly until: 'Loaded' | 'Overlapped' }
  | {
      readonly step: 'write'
      readonly certificate: 'current' | 'next'
      readonly authorities: readonly string[]
    }

/**
 * The next step of a change of certificates. Whoever has to trust another authority is told of it first, and has time to read it; then servers use what it
 * has signed; and the old one goes last, after as much time again. So at every moment each side trusts what the other shows, between servers as well.
 */
export const planCertificate = (facts: CertificateFacts): CertificateStep => {
  const { current, authorities, keeps, loaded, sinceMs, overlapMs } = facts
  if (!current) return { step: 'write', certificate: 'next', authorities }
  if (!hasAll(current.authorities, authorities))
    return { step: 'write', certificate: 'current', authorities: union(authorities, current.authorities) }
  const due = !loaded ? 'Loaded' : sinceMs < overlapMs ? 'Overlapped' : undefined
  if (!keeps) {
    // The same authority signs the next one: nobody has anything to learn.
    const known = isTrusted(current.certificate, authorities)
    if (!known && due) return { step: 'wait', until: due }
    return { step: 'write', certificate: 'next', authorities: current.authorities }
  }
  if (hasAll(authorities, current.authorities)) return loaded ? { step: 'none' } : { step: 'wait', until: 'Loaded' }
  if (due) return { step: 'wait', until: due }
  return { step: 'write', certificate: 'current', authorities }
}
