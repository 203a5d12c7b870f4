import type { ReadSessionStore } from '../api/resources.ts'
import type { TlsStatus } from '../api/session-store-status.ts'
import { serverConfig, type Applied } from './apply-store.ts'
import { ensureLiveMemory, reportMemory } from './live-memory.ts'
import { answers, type StoreNode } from './observe.ts'
import type { MaxmemoryDecision } from './plan/memory.ts'
import type { Report } from './report.ts'
import type { ResizeState } from './resize-pod.ts'
import type { StoreRuntime } from './runtime.ts'
import { unusableMs, type EnsuredCertificate } from './tls/ensure-certificate.ts'
import { loadCertificate } from './tls/load-certificate.ts'
import { reportCertificate, shownSerials } from './tls/report-certificate.ts'
import { speaksTls } from './tls/speaks-tls.ts'

/** What running servers have taken on, and what they have told. */
export interface AppliedLive {
  readonly resize: ResizeState
  /** A user that could reach keys outside of the prefix. */
  readonly unconfinedUser: string | undefined
  readonly tls: TlsStatus | undefined
  /** Serial numbers of certificates, by the UIDs of the pods that show them. */
  readonly serials: ReadonlyMap<string, string>
  /** When to look again; undefined when nothing is under way. */
  readonly requeueAfterMs: number | undefined
}

/** How soon servers that are to load another certificate are looked at again, in ms. */
const loadMs = 500

/** Brings into force what a server takes while it runs: its users, memory and the like, its certificate. Throws a `RedisError`. */
export const applyLive = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  nodes: readonly StoreNode[],
  memory: MaxmemoryDecision,
  { access, certificate }: Pick<Applied, 'access' | 'certificate'>,
  report: Report,
  signal: AbortSignal,
): Promise<AppliedLive> => {
  const { keyPrefix } = store.spec.sessions
  const states: ResizeState[] = []
  let unconfinedUser: string | undefined
  const pods = nodes.flatMap((node) => (node.pod ? [node.pod] : []))
  for (const node of nodes) {
    if (!answers(node)) continue
    const { uid, pod, state } = node
    const { connection, info } = state
    const acl = await runtime.liveAcl.ensure(connection, uid, info.runId, access.users, keyPrefix, { signal })
    unconfinedUser = acl.unconfined ?? unconfinedUser
    const config = serverConfig(store, memory.bytes, pods)
    const own = pod && speaksTls(pod) ? config : { ...config, tls: undefined }
    states.push(await ensureLiveMemory(runtime.client, store, pod, state, own, signal))
    const material = certificate?.secret?.material
    if (material) await loadCertificate(runtime, store, node, material, signal)
  }
  const tls = certificate && (await reportCertificate(runtime, store, nodes, certificate, report, signal))
  const resize = slowest(states)
  reportMemory(report, store, memory, resize)
  const requeueAfterMs = certificate && nextLookMs(certificate, tls?.loaded === true, runtime.clock.now())
  return { resize, unconfinedUser, tls, serials: shownSerials(runtime, nodes), requeueAfterMs }
}

/** The state of all pods together: the worst. */
const slowest = (states: readonly ResizeState[]): ResizeState =>
  states.find(({ state }) => state === 'Refused') ??
  states.find(({ state }) => state === 'UnderWay') ?? { state: 'Done' }

const nextLookMs = (
  { problem, changing, overlapUntil }: EnsuredCertificate,
  loaded: boolean,
  now: Date,
): number | undefined => {
  if (overlapUntil) return Math.max(0, overlapUntil.getTime() - now.getTime()) + 1
  if (changing || !loaded) return loadMs
  return problem === undefined ? undefined : unusableMs
}
