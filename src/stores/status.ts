import type { SessionStore } from '../api/resources.ts'
import type { SessionStoreStatus } from '../api/session-store-status.ts'
import { setCondition } from '../kubernetes/apply.ts'
import { storeManager } from './apply-objects.ts'
import type { Pod } from '../kubernetes/kinds.ts'
import type { Info } from '../redis/info.ts'
import type { ResolvedEngine } from './engines.ts'
import { objectNames, primaryHost, replicaHost, storeName } from './names.ts'
import { answers, type Observed } from './observe.ts'
import { serverContainer } from './plan/stateful-set.ts'
import type { Report } from './report.ts'
import type { StoreRuntime } from './runtime.ts'
import { speaksTls } from './tls/speaks-tls.ts'
import { writeStatusPart } from './write-status-part.ts'

/** What a pass knows beside its conditions. */
export interface StatusFacts {
  readonly engine?: ResolvedEngine
  readonly observed?: Observed
  readonly credentials?: SessionStoreStatus['credentials']
  readonly tls?: SessionStoreStatus['tls']
  readonly ownCredentials?: SessionStoreStatus['ownCredentials']
  /** Serial numbers of certificates, by the UIDs of the pods that show them. */
  readonly serials?: ReadonlyMap<string, string>
  /** A user that could reach keys outside of the prefix was found on the server. */
  readonly unconfinedUser?: string
}

/**
 * Writes the part of status that a store's reconcile owns; what the TTL policy and flushes write is theirs. A part that this pass could not
 * find out stays as it was. Writes nothing when nothing changed.
 */
export const writeStatus = async (
  runtime: StoreRuntime,
  store: SessionStore,
  report: Report,
  facts: StatusFacts,
  signal: AbortSignal,
): Promise<void> => {
  const before = store.status
  const observedGeneration = store.metadata.generation ?? 0
  const now = runtime.clock.now()
  const isOwn = ({ type }: { type: string }) =>
    ownTypes.has(type) &&
    (type !== 'CertificateCurrent' || wantsTlsNow(store)) &&
    (type !== 'Persisted' || (store.spec.persistence?.mode ?? 'None') !== 'None')
  let conditions = (before?.conditions ?? []).filter(isOwn)
  for (const finding of report.findings)
    conditions = [...setCondition(conditions, { ...finding, observedGeneration }, now)]

  const { engine, observed } = facts
  const [client] = store.spec.clients
  const status: Partial<SessionStoreStatus> = {
    observedGeneration,
    conditions,
    ...carried(before, 'engine', engine && observed && engineNow(store, engine, observed)),
    ...carried(before, 'nodes', observed && nodes(store, observed, facts.serials)),
    ...carried(before, 'credentials', facts.credentials),
    ...carried(before, 'ownCredentials', facts.ownCredentials),
    // Until no server speaks it any more: it tells that there is a Secret to be deleted.
    ...(wantsTlsNow(store) || observed?.nodes.some(({ pod }) => pod && speaksTls(pod))
      ? carried(before, 'tls', facts.tls)
      : {}),
    ...carried(before, 'unaccounted', observed && unaccounted(runtime, store, observed)),
    endpoints: {
      primary: primaryHost(store),
      ...(store.spec.topology?.mode === 'Replicated' ? { replicas: replicaHost(store) } : {}),
    },
    ...(client ? { binding: { name: objectNames(storeName(store)).clientSecret(client.name) } } : {}),
    confined: confined(before, facts.unconfinedUser),
  }
  await writeStatusPart(runtime.client, store, status, storeManager, signal)
  announce(runtime, store, report)
}

const ownTypes: ReadonlySet<string> = new Set([
  'Ready',
  'Progressing',
  'Degraded',
  'MemorySafe',
  'CredentialsCurrent',
  'Persisted',
  'CertificateCurrent',
  'EngineSupported',
  'UpdateAvailable',
])

/**
 * What the store's sessions were written by: the engine that the spec asks for, as soon as it serves (with claims, as soon as a node of it has run: it has written
 * to its volume). Until then what it was before, which can still be gone back to.
 */
const engineNow = (
  store: SessionStore,
  { type, version, image }: ResolvedEngine,
  { node: primary, nodes: found }: Observed,
): SessionStoreStatus['engine'] => {
  const before = store.status?.engine
  const runs = found.filter((node) => answers(node) && imageOf(node.pod) === image)
  const serves = runs.some(({ state }) => state.is === 'answering' && state.connection === primary?.connection)
  const hasWritten = serves || (runs.length > 0 && store.spec.persistence?.claim !== undefined)
  return before === undefined || hasWritten ? { type, version, image } : before
}

const imageOf = (pod: Pod | undefined): string | undefined =>
  pod?.spec?.containers.find(({ name }) => name === serverContainer)?.image

/** As the object says, whose defaults may not be filled in. */
const wantsTlsNow = ({ spec }: SessionStore): boolean => (spec.tls?.mode ?? 'Disabled') !== 'Disabled'

const carried = <K extends keyof SessionStoreStatus>(
  before: SessionStoreStatus | undefined,
  key: K,
  value: SessionStoreStatus[K],
) => {
  const kept = value ?? before?.[key]
  return kept === undefined ? {} : { [key]: kept }
}

type NodeStatus = NonNullable<SessionStoreStatus['nodes']>[number]

const nodes = (
  store: SessionStore,
  { nodes: found }: Observed,
  serials: ReadonlyMap<string, string> | undefined,
): SessionStoreStatus['nodes'] => {
  const before = store.status
  const known = (uid: string) => before?.nodes?.find((entry) => entry.pod === uid)
  const entries = found.flatMap(({ name, uid, pod, address, state }): NodeStatus[] => {
    const earlier = known(uid)
    if (!pod) return []
    // One that does not answer now keeps what it said last: it may still be there.
    if (state.is !== 'answering') return earlier ? [earlier] : []
    const { info } = state
    const certificate = serials?.get(uid)
    return [
      {
        name,
        role: info.role,
        runId: info.runId,
        version: info.version,
        usedMemoryBytes: steady(info.usedMemoryBytes, earlier?.usedMemoryBytes),
        pod: uid,
        ...(address === undefined ? {} : { address }),
        ...(info.role === 'replica' ? { synced: info.replication.linkUp && !info.replication.syncing } : {}),
        ...(certificate === undefined ? {} : { certificate }),
        ...keptFiles(store, info, earlier),
      },
    ]
  })
  return entries.length > 0 || (before?.nodes ?? []).length > 0 ? entries : undefined
}

/** What its disk may hold: switching persistence off leaves a file where it is, for as long as the pod lives. */
const keptFiles = (store: SessionStore, info: Info, earlier: NodeStatus | undefined) => ({
  appendOnlyFile: info.appendOnly || earlier?.appendOnlyFile === true,
  ...(store.spec.persistence?.mode === 'Snapshot' || earlier?.snapshotFile === true ? { snapshotFile: true } : {}),
})

/** As many as the schema lets status hold: a list that is refused would keep all of status from being written. */
const maxUnaccounted = 64

/** Processes that may still run although their pods are gone. */
const unaccounted = (
  runtime: StoreRuntime,
  store: SessionStore,
  { nodes: found }: Observed,
): SessionStoreStatus['unaccounted'] => {
  const before = store.status
  const since = runtime.clock.now().toISOString()
  const entries = found.flatMap(({ name, uid, pod, address, state }) => {
    // Where only a claim is left, nothing runs.
    if (pod || state.is === 'gone' || state.is === 'starting') return []
    const runId = before?.nodes?.find((entry) => entry.pod === uid)?.runId ?? ''
    const fresh = { pod: uid, name, address: address ?? '', runId, since }
    return [before?.unaccounted?.find((entry) => entry.pod === uid) ?? fresh]
  })
  const kept = entries.slice(-maxUnaccounted)
  if (kept.length < entries.length) {
    const forgotten = entries.slice(0, -maxUnaccounted).map(({ pod }) => pod)
    const message = `Of the processes that may still run without a pod only the last ${maxUnaccounted} are kept; no longer: ${forgotten.join(', ')}`
    runtime.events.record(store, { type: 'Warning', reason: 'UnaccountedForgotten', message })
  }
  return kept.length > 0 || (before?.unaccounted ?? []).length > 0 ? kept : undefined
}

const mib = 2 ** 20

/** To a MiB, and as before until it is one away: an idle store must not write status because a buffer came and went. */
const steady = (bytes: number, before: number | undefined): number =>
  before !== undefined && Math.abs(bytes - before) < mib ? before : Math.round(bytes / mib) * mib

/** Once false, for ever: what such a user wrote may still be there. */
const confined = (
  before: SessionStoreStatus | undefined,
  unconfinedUser: string | undefined,
): SessionStoreStatus['confined'] => {
  if (before?.confined?.value === false) return before.confined
  if (unconfinedUser === undefined) return { value: true, reason: 'Every user could reach the key prefix alone' }
  return {
    value: false,
    reason: `User ${unconfinedUser} could reach other keys: flushes scan and unlink instead of FLUSHDB`,
  }
}

/** Tells of what a person would want to see in `kubectl describe`, once, when it changes. */
const announce = (runtime: StoreRuntime, store: SessionStore, report: Report): void => {
  const starting = report.get('Progressing')?.status === 'True'
  const was = new Map((store.status?.conditions ?? []).map((condition) => [condition.type, condition]))
  for (const finding of report.findings) {
    const before = was.get(finding.type)
    if (before?.status === finding.status && before.reason === finding.reason) continue
    // What is not there yet while Redis starts is nothing to warn of.
    if (finding.type === 'Ready' && finding.status === 'False' && starting) continue
    const bad =
      finding.type === 'Degraded'
        ? finding.status === 'True'
        : !['Progressing', 'UpdateAvailable'].includes(finding.type) && finding.status === 'False'
    const worth = finding.type === 'Ready' || bad || finding.reason === 'RestartPending'
    if (worth)
      runtime.events.record(store, {
        type: bad ? 'Warning' : 'Normal',
        reason: finding.reason,
        message: finding.message,
      })
  }
}
