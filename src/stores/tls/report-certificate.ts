import type { StoreReason } from '../../api/conditions.ts'
import type { ReadSessionStore } from '../../api/resources.ts'
import type { AuditEntry } from '../../audit/record.ts'
import type { TlsStatus } from '../../api/session-store-status.ts'
import { answers, type StoreNode } from '../observe.ts'
import { recordOwnAct } from '../record-own-act.ts'
import type { Report } from '../report.ts'
import type { StoreRuntime } from '../runtime.ts'
import { isLoaded, type EnsuredCertificate } from './ensure-certificate.ts'
import { leafOf, versionOf } from './material.ts'
import { speaksTls } from './speaks-tls.ts'
import type { CertificateState } from './tls-secret.ts'

/** A certificate that somebody else renews is told of when less than this part of its life is left: cert-manager renews when a third is. */
const expiringShare = 1 / 6

/** Says which certificate there is and what is wrong with it; puts one that all servers use on record. */
export const reportCertificate = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  nodes: readonly StoreNode[],
  { secret, problem, changing, overlapUntil }: EnsuredCertificate,
  report: Report,
  signal: AbortSignal,
): Promise<TlsStatus | undefined> => {
  if (problem !== undefined) {
    const rest = secret ? ' Until then servers use the certificate that they have.' : ''
    report.set('CertificateCurrent', 'False', 'CertificateUnusable', `${problem}.${rest}`)
  }
  if (!secret) return undefined
  const { material, state } = secret
  const { serialNumber, validFromDate, validToDate } = leafOf(material)
  const version = versionOf(material)
  const loaded = nodes.length > 0 && isLoaded(runtime, nodes, version)
  const now = runtime.clock.now()
  const leftMs = validToDate.getTime() - now.getTime()
  const lifetimeMs = validToDate.getTime() - validFromDate.getTime()
  const ends = validToDate.toISOString()
  if (problem === undefined) {
    const set = (status: 'True' | 'False', reason: StoreReason<'CertificateCurrent'>, message: string) =>
      report.set('CertificateCurrent', status, reason, message)
    const waits = nodes.filter((node) => !isLoaded(runtime, [node], version)).map(({ name }) => name)
    if (leftMs <= 0)
      set('False', 'Expired', `The certificate ended at ${ends}: whoever checks it cannot connect. Renew it`)
    else if (store.spec.tls.mode === 'Secret' && leftMs < lifetimeMs * expiringShare)
      set('False', 'Expiring', `The certificate ends at ${ends}: renew it in Secret ${store.spec.tls.secret?.name}`)
    else if (!nodes.every(({ pod }) => pod === undefined || speaksTls(pod)))
      set(
        'False',
        'PodsWithoutTLS',
        'Pods that were made before TLS was asked for are to be replaced; applications are told to use TLS after that',
      )
    else if (waits.length > 0)
      set('False', 'Loading', `${waits.join(', ')} not seen with certificate ${serialNumber} yet`)
    else if (overlapUntil)
      set(
        'False',
        'AuthorityChanging',
        `Two authorities are trusted. Applications must have read ca.crt again before ${overlapUntil.toISOString()}`,
      )
    else if (changing) set('False', 'Loading', `Every server shows certificate ${serialNumber}; a change is under way`)
    else set('True', 'Current', `Every server shows certificate ${serialNumber}, which ends at ${ends}`)
  }
  const before = store.status?.tls
  const recorded = loaded && state ? await record(runtime, store, serialNumber, state, signal) : before?.recorded
  return {
    serial: serialNumber,
    notAfter: ends,
    since: state?.since ?? now.toISOString(),
    loaded,
    ...(state?.authority === undefined ? {} : { authority: state.authority }),
    ...(recorded === undefined ? {} : { recorded }),
  }
}

/** Serial numbers of what servers have shown, by the UIDs of their pods. */
export const shownSerials = (runtime: StoreRuntime, nodes: readonly StoreNode[]): ReadonlyMap<string, string> =>
  new Map(
    nodes.flatMap((node) => {
      const loaded = answers(node) ? runtime.certificates.loaded(node.uid, node.state.info.runId) : undefined
      return loaded ? [[node.uid, loaded.serial] as const] : []
    }),
  )

/** Puts a certificate that every server uses on record, once; the first one is no change. */
const record = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  serial: string,
  { authority, since }: CertificateState,
  signal: AbortSignal,
): Promise<string> => {
  const before = store.status?.tls?.recorded
  if (before === undefined || before === serial) return serial
  const act = {
    type: 'CertificateChanged',
    reason: 'every server shows another certificate',
    details: { serial, before, since, ...(authority === undefined ? {} : { authority }) },
  } as const
  const isSame = (details: AuditEntry['details']) => details['serial'] === serial && details['since'] === since
  await recordOwnAct(runtime, store, act, isSame, signal)
  const message = `Every server shows certificate ${serial}; before it was ${before}`
  runtime.events.record(store, { type: 'Normal', reason: 'CertificateChanged', message })
  return serial
}
