import type { ReadSessionStore } from '../api/resources.ts'
import { parseDurationMs } from '../api/values.ts'
import { isApiError } from '../kubernetes/errors.ts'
import type { Pod } from '../kubernetes/kinds.ts'
import type { PersistenceConfig, ServerConfig } from '../redis/config.ts'
import { presetFor } from '../sessions/presets.ts'
import { ensureAccess, type Access } from './access.ts'
import { applyOwned, deleteOwned } from './apply-objects.ts'
import type { ResolvedEngine } from './engines.ts'
import { bytesToConfigure } from './live-memory.ts'
import { ensureClaims, type EnsuredClaims } from './persistence/ensure-claims.ts'
import { NameTakenError } from './name-taken-error.ts'
import { ordinalOf, type Observed } from './observe.ts'
import { configMap, configuredMaxmemory } from './plan/config-map.ts'
import type { MaxmemoryDecision } from './plan/memory.ts'
import { networkPolicy } from './plan/network-policy.ts'
import { podDisruptionBudget } from './plan/pod-disruption-budget.ts'
import { primaryEndpoints } from './plan/primary-endpoints.ts'
import { headlessService, primaryService, replicaService } from './plan/services.ts'
import { statefulSet } from './plan/stateful-set.ts'
import type { Report } from './report.ts'
import type { StoreRuntime } from './runtime.ts'
import { ensureCertificate, type EnsuredCertificate } from './tls/ensure-certificate.ts'
import { reportCertificate } from './tls/report-certificate.ts'
import { servesPlaintext, speaksTls, wantsTls } from './tls/speaks-tls.ts'
import { isReplicated, wantedReplicas } from './topology/replicas.ts'

export interface ApplyContext {
  readonly engine: ResolvedEngine
  readonly memory: MaxmemoryDecision
  readonly observed: Observed
}

const defaultSnapshotInterval = '5m'

/** What was made, as far as the live servers need it. */
export interface Applied {
  readonly access: Access
  /** Undefined without TLS. */
  readonly certificate: EnsuredCertificate | undefined
  /** Undefined without claims. */
  readonly claims: EnsuredClaims | undefined
}

/** Makes the objects that the store becomes. Undefined when one of them is refused, or its name is taken: the report says which. */
export const applyStore = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  { engine, memory, observed }: ApplyContext,
  report: Report,
  signal: AbortSignal,
): Promise<Applied | undefined> => {
  const { caches } = runtime
  const { nodes, config } = observed
  const pods = nodes.flatMap((node) => (node.pod ? [node.pod] : []))
  const configuredBytes = bytesToConfigure(store, memory.bytes, configuredMaxmemory(config), pods)
  const count = podCount(store, observed)
  try {
    const certificate = await ensureCertificate(runtime, store, nodes, signal)
    if (certificate && !certificate.secret) {
      // A server would not start without: what runs goes on as it is.
      await reportCertificate(runtime, store, nodes, certificate, report, signal)
      report.set('Progressing', 'False', 'CertificateUnusable', certificate.problem ?? '')
      return undefined
    }
    const access = await ensureAccess(runtime, store, engine, { signal })
    await applyOwned(
      runtime,
      store,
      caches.configMaps,
      configMap(store, serverConfig(store, configuredBytes, pods)),
      signal,
    )
    const served = { plaintext: servesPlaintext(store, pods), tls: wantsTls(store) }
    const policy = networkPolicy(store, runtime.operator, served)
    // The policy stands before the pod that it guards.
    if (store.spec.network.enforcement === 'Enforce')
      await applyOwned(runtime, store, caches.networkPolicies, policy, signal)
    else await deleteOwned(runtime, store, caches.networkPolicies, policy, signal)
    const claims = await ensureClaims(runtime, store, observed, count, signal)
    const set = statefulSet(store, engine, memory.bytes, count, claims?.template)
    await applyOwned(runtime, store, caches.statefulSets, set, signal)
    await applyOwned(runtime, store, caches.services, primaryService(store, served), signal)
    await applyOwned(runtime, store, caches.services, headlessService(store, served), signal)
    if (isReplicated(store)) {
      const { primary } = store.status ?? {}
      const current = primary?.current === primary?.target ? nodes.find(({ uid }) => uid === primary?.pod) : undefined
      // Without one that is known to be there, it stays as it is: nobody is promoted here.
      if (current || !primary)
        await applyOwned(runtime, store, caches.endpointSlices, primaryEndpoints(store, current), signal)
      await applyOwned(runtime, store, caches.services, replicaService(store, served), signal)
      await applyOwned(runtime, store, caches.podDisruptionBudgets, podDisruptionBudget(store), signal)
    }
    return { access, certificate, claims }
  } catch (error) {
    const reason =
      error instanceof NameTakenError ? 'NameTaken' : isApiError(error, 'invalid', 'forbidden') ? 'Rejected' : undefined
    if (reason === undefined || !(error instanceof Error)) throw error
    // What runs goes on as it is; a person must change the spec, or what is in its way.
    report.set('Progressing', 'False', reason, error.message)
    report.set('Degraded', 'True', reason, error.message)
    return undefined
  }
}

/** What the servers of a store are configured with. */
export const serverConfig = (store: ReadSessionStore, maxmemoryBytes: number, pods: readonly Pod[]): ServerConfig => ({
  maxmemoryBytes,
  evictionPolicy: store.spec.memory.evictionPolicy,
  persistence: persistenceOf(store),
  replicated: isReplicated(store),
  keyspaceEvents: presetFor(store.spec.sessions).keyspaceEvents ?? '',
  tls:
    wantsTls(store) || pods.some(speaksTls)
      ? {
          plaintext: servesPlaintext(store, pods),
          clientCertificates: ({ None: 'no', Optional: 'optional', Required: 'yes' } as const)[
            store.spec.tls.clientCertificates
          ],
        }
      : undefined,
})

const persistenceOf = ({ spec }: ReadSessionStore): PersistenceConfig => {
  const { mode, snapshotInterval } = spec.persistence
  if (mode !== 'Snapshot') return { mode }
  return { mode, everySeconds: Math.floor(parseDurationMs(snapshotInterval ?? defaultSnapshotInterval) / 1_000) }
}

/**
 * How many pods a store has now: a primary that the spec has no place for hands over before its pod goes, and while there is no primary nobody goes, who may
 * be the one with the sessions.
 */
const podCount = (store: ReadSessionStore, { node, pod, nodes }: Observed): number => {
  const last = node ? ordinalOf(pod?.metadata.name ?? '') : Math.max(0, ...nodes.map(({ ordinal }) => ordinal))
  return Math.max(wantedReplicas(store), isReplicated(store) ? last : 0) + 1
}
