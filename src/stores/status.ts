import type { SessionStore } from '../api/resources.ts'
import type { SessionStoreStatus } from '../api/session-store.ts'
import { setCondition } from '../kubernetes/apply.ts'
import { storeManager } from './apply-objects.ts'
import type { ResolvedEngine } from './engines.ts'
import { objectNames, primaryHost, storeName } from './names.ts'
import type { Observed } from './observe.ts'
import type { Report } from './report.ts'
import type { StoreRuntime } from './runtime.ts'
import { writeStatusPart } from './write-status-part.ts'

/** What a pass knows beside its conditions. */
export interface StatusFacts {
  readonly engine?: ResolvedEngine
  readonly observed?: Observed
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
  let conditions = (before?.conditions ?? []).filter((condition) => ownTypes.has(condition.type))
  for (const finding of report.findings)
    conditions = [...setCondition(conditions, { ...finding, observedGeneration }, now)]

  const { engine, observed } = facts
  const [client] = store.spec.clients
  const status: Partial<SessionStoreStatus> = {
    observedGeneration,
    conditions,
    ...carried(before, 'engine', engine && { type: engine.type, version: engine.version, image: engine.image }),
    ...carried(before, 'nodes', observed && nodes(before, observed)),
    endpoints: { primary: primaryHost(store) },
    ...(client ? { binding: { name: objectNames(storeName(store)).clientSecret(client.name) } } : {}),
    confined: confined(before, facts.unconfinedUser),
  }
  await writeStatusPart(runtime.client, store, status, storeManager, signal)
  announce(runtime, store, report)
}

const ownTypes: ReadonlySet<string> = new Set(['Ready', 'Progressing', 'Degraded', 'MemorySafe', 'EngineSupported'])

const carried = <K extends keyof SessionStoreStatus>(
  before: SessionStoreStatus | undefined,
  key: K,
  value: SessionStoreStatus[K],
) => {
  const kept = value ?? before?.[key]
  return kept === undefined ? {} : { [key]: kept }
}

const nodes = (before: SessionStoreStatus | undefined, { pod, node }: Observed): SessionStoreStatus['nodes'] =>
  pod && node
    ? [
        {
          name: pod.metadata.name ?? '',
          role: node.info.role,
          runId: node.info.runId,
          version: node.info.version,
          usedMemoryBytes: rounded(node.info.usedMemoryBytes),
          ...(pod.metadata.uid === undefined ? {} : { pod: pod.metadata.uid }),
          // Switching persistence off leaves the file where it is, for as long as the pod lives.
          appendOnlyFile:
            node.info.appendOnly ||
            (before?.nodes?.some((entry) => entry.pod === pod.metadata.uid && entry.appendOnlyFile === true) ?? false),
        },
      ]
    : undefined

/** To a MiB: an idle store must not write status because a buffer came and went. */
const rounded = (bytes: number): number => Math.round(bytes / 2 ** 20) * 2 ** 20

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
        : finding.type !== 'Progressing' && finding.status === 'False'
    const worth = finding.type === 'Ready' || bad || finding.reason === 'RestartPending'
    if (worth)
      runtime.events.record(store, {
        type: bad ? 'Warning' : 'Normal',
        reason: finding.reason,
        message: finding.message,
      })
  }
}
