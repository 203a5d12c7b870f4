import { isDeepStrictEqual } from 'node:util'
import type { ReadSessionStore } from '../../api/resources.ts'
import { parseDurationMs } from '../../api/values.ts'
import type { StoreNode } from '../observe.ts'
import type { StoreRuntime } from '../runtime.ts'
import { authorityOf, hasSigned } from './authority.ts'
import { issueServer, managedTarget, signerOf } from './managed.ts'
import { leafOf, versionOf, type Material } from './material.ts'
import { storeUid } from '../names.ts'
import { planCertificate } from './plan-certificate.ts'
import { readOwnCertificate } from './read-own-certificate.ts'
import { speaksTls, wantsTls } from './speaks-tls.ts'
import { deleteTlsSecret, readTlsSecret, writeTlsSecret, type CertificateState, type TlsSecret } from './tls-secret.ts'

/** What servers are to use, and what keeps the rest. */
export interface EnsuredCertificate {
  /** Undefined when there is none yet that could be used. */
  readonly secret: (TlsSecret & { readonly material: Material }) | undefined
  /** What a person has to put right. */
  readonly problem: string | undefined
  /** A change is under way: there is another step, when servers have this one. */
  readonly changing: boolean
  /** When applications have had time to read another authority, if that is what is waited for. */
  readonly overlapUntil: Date | undefined
}

/** How soon a certificate that somebody brings and that cannot be used is read again, in ms: its Secret is not watched. */
export const unusableMs = 5_000

/** How many certificates of before a server may still show. */
const servedBefore = 8

/**
 * Makes the Secret that servers read their certificate from hold what the spec says, one step at a time: see {@link planCertificate}. Undefined for a
 * store without TLS.
 */
export const ensureCertificate = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  nodes: readonly StoreNode[],
  signal: AbortSignal,
): Promise<EnsuredCertificate | undefined> => {
  const call = { signal }
  const speaking = nodes.filter(({ pod }) => pod && speaksTls(pod))
  if (!wantsTls(store) && speaking.length === 0 && !store.status?.tls) return undefined
  const before = await readTlsSecret(runtime, store, call)
  if (!wantsTls(store)) {
    if (speaking.length > 0) return { ...settled, ...ensured(before) }
    if (before) await deleteTlsSecret(runtime, store, before, call)
    return undefined
  }
  const now = runtime.clock.now()
  const wanted = await want(runtime, store, before, now, signal)
  if (wanted.problem !== undefined) return { ...settled, ...ensured(before), problem: wanted.problem }
  const { overlapMs, authorities, keeps, next } = wanted
  const current = before?.material
  const sinceMs = now.getTime() - Date.parse(before?.state?.since ?? '')
  const step = planCertificate({
    current,
    authorities,
    keeps,
    loaded: current === undefined || isLoaded(runtime, nodes, versionOf(current)),
    sinceMs: Number.isNaN(sinceMs) ? 0 : sinceMs,
    overlapMs,
  })
  const published = before?.state?.published === true || nodes.every(({ pod }) => pod !== undefined && speaksTls(pod))
  const overlapUntil =
    step.step === 'wait' && step.until === 'Overlapped' ? new Date(now.getTime() + overlapMs - sinceMs) : undefined
  const after = (material: Material, stage: boolean): CertificateState => ({
    ...wanted.state,
    ...requestDone(store, before, material),
    since: stage || !before?.state ? now.toISOString() : before.state.since,
    served: served(before?.state?.served, material),
    published,
  })
  const write = async (material: Material, stage: boolean): Promise<EnsuredCertificate> => {
    const written = await writeTlsSecret(runtime, store, before, material, after(material, stage), call)
    runtime.certificates.remember(store, written)
    return { ...settled, secret: { ...written, material }, changing: true }
  }
  if (step.step === 'write') {
    const certificate = step.certificate === 'current' && current ? current : next()
    return await write({ ...certificate, authorities: step.authorities }, true)
  }
  // It would end before the next authority may be used: who has signed it signs another one.
  if (current && wanted.due) return await write({ ...wanted.again(), authorities: current.authorities }, false)
  if (current && !isDeepStrictEqual(after(current, false), before?.state)) return await write(current, false)
  return { ...settled, ...ensured(before), changing: step.step !== 'none', overlapUntil }
}

/** A request for another certificate is carried out when there is another one. */
const requestDone = (store: ReadSessionStore, before: TlsSecret | undefined, material: Material) => {
  const isNew = before?.state === undefined || before.material?.certificate !== material.certificate
  const request = isNew ? store.spec.tls.renewal.request : before.state.request
  return request === undefined ? {} : { request }
}

const settled = { problem: undefined, changing: false, overlapUntil: undefined }

const ensured = (secret: TlsSecret | undefined): Pick<EnsuredCertificate, 'secret'> => ({
  secret: secret?.material ? { ...secret, material: secret.material } : undefined,
})

type Wanted =
  | { readonly problem: string }
  | {
      readonly problem?: undefined
      readonly authorities: readonly string[]
      readonly keeps: boolean
      readonly due: boolean
      readonly overlapMs: number
      readonly state: Pick<CertificateState, 'authority' | 'authorityRequest'>
      /** The certificate to use from now on. */
      readonly next: () => Pick<Material, 'certificate' | 'key'>
      /** Another one, signed as the current one is. */
      readonly again: () => Pick<Material, 'certificate' | 'key'>
    }

const want = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  before: TlsSecret | undefined,
  now: Date,
  signal: AbortSignal,
): Promise<Wanted> => {
  const current = before?.material
  const { mode, renewal } = store.spec.tls
  if (mode === 'Secret') {
    const { material, problem } = await readOwnCertificate(runtime, store, { signal })
    if (!material) return { problem }
    const keeps = current?.certificate === material.certificate && current.key === material.key
    const next = () => material
    // Who brings certificates decides when: only servers are waited for.
    return { authorities: material.authorities, keeps, due: false, overlapMs: 0, state: {}, next, again: next }
  }
  const target = managedTarget(runtime, store, current, before?.state, now)
  const signer = signerOf(runtime, store, target.generation, current)
  const { authorityRequest } = renewal
  const isSettled = (current?.authorities.length ?? 1) === 1
  const done = isSettled ? authorityRequest : before?.state?.authorityRequest
  return {
    authorities: [target.authority],
    keeps: target.keeps,
    due: target.due && current !== undefined && hasSigned(signer, leafOf(current).toString()),
    overlapMs: parseDurationMs(renewal.overlap),
    state: {
      authority: target.generation,
      ...(done === undefined ? {} : { authorityRequest: done }),
    },
    next: () => issueServer(store, authorityOf(runtime.masterKey, storeUid(store), target.generation), now),
    again: () => issueServer(store, signer, now),
  }
}

const served = (before: readonly string[] = [], material: Material): string[] => {
  const { fingerprint256 } = leafOf(material)
  return [fingerprint256, ...before.filter((each) => each !== fingerprint256)].slice(0, servedBefore)
}

/** True when every server that may be there has shown that it uses this version; those of pods without a certificate cannot. */
export const isLoaded = (runtime: StoreRuntime, nodes: readonly StoreNode[], version: string): boolean =>
  nodes.every(({ uid, pod, state }) => {
    if (state.is === 'gone' || (pod && !speaksTls(pod))) return true
    return state.is === 'answering' && runtime.certificates.loaded(uid, state.info.runId)?.version === version
  })
