import type { SessionStore } from '../api/resources.ts'
import type { Client } from '../kubernetes/client.ts'
import type { Clock } from '../kubernetes/clock.ts'
import type { EventRecorder } from '../kubernetes/events.ts'
import type { Informer } from '../kubernetes/informer.ts'
import type { Logger } from '../kubernetes/logger.ts'
import type {
  ConfigMap,
  EndpointSlice,
  NetworkPolicy,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  Service,
  StatefulSet,
} from '../kubernetes/kinds.ts'
import type { AuditLog } from './audit-log.ts'
import type { Connections } from './connections.ts'
import type { EndedPods } from './ended-pods.ts'
import type { Engines } from './engines.ts'
import type { KeyedLock } from './keyed-lock.ts'
import type { LiveAcl } from './live-acl.ts'
import type { Patience } from './patience.ts'
import type { KnownPods } from './peers/known-pods.ts'
import type { Sweeps } from './policy/sweeps.ts'
import type { TtlSamples } from './policy/ttl-samples.ts'
import type { Certificates } from './tls/certificates.ts'
import type { KnownOffsets } from './topology/loss.ts'
import type { ServiceRest } from './topology/service-rest.ts'
import type { Strays } from './topology/strays.ts'
import type { Silences } from './topology/silences.ts'
import type { OperatorPods } from './plan/network-policy.ts'

/** What every reconcile of a SessionStore works with. */
export interface StoreRuntime {
  readonly client: Client
  readonly clock: Clock
  readonly events: EventRecorder
  readonly engines: Engines
  readonly operator: OperatorPods
  /** From the operator's namespace; every store's operator password is derived from it. */
  readonly masterKey: Buffer
  /** The one before, until every store has passwords of the new one. */
  readonly previousMasterKey: Buffer | undefined
  /** Whether labelled workloads are restarted when their client gets a new password. */
  readonly restartsWorkloads: boolean
  readonly connections: Connections
  /** Throws a `LeaseLostError` when this process may no longer be the leader. */
  readonly guard: () => void
  readonly liveAcl: LiveAcl
  readonly certificates: Certificates
  readonly silences: Silences
  readonly strays: Strays
  readonly serviceRest: ServiceRest
  readonly patience: Patience
  readonly offsets: KnownOffsets
  /** UIDs of pods whose last state said that nothing of them runs any more. */
  readonly endedPods: Pick<EndedPods, 'has'>
  readonly audit: AuditLog
  readonly log: Logger
  readonly sweeps: Sweeps
  readonly ttlSamples: TtlSamples
  readonly knownPods: KnownPods
  /** One holder per store: a flush and a reconcile never change one store's ACL at once. */
  readonly lock: KeyedLock
  /** Whether the FlushSessions of that UID has not ended. Asked live: a fence must not be lifted by an old cache. */
  readonly isFlushUnderWay: (namespace: string, flushUid: string, signal: AbortSignal) => Promise<boolean>
  readonly caches: {
    readonly stores: Informer<SessionStore>
    readonly statefulSets: Informer<StatefulSet>
    readonly pods: Informer<Pod>
    readonly services: Informer<Service>
    readonly claims: Informer<PersistentVolumeClaim>
    readonly configMaps: Informer<ConfigMap>
    readonly networkPolicies: Informer<NetworkPolicy>
    readonly endpointSlices: Informer<EndpointSlice>
    readonly podDisruptionBudgets: Informer<PodDisruptionBudget>
  }
}
