import { sessionStores, type ReadSessionStore } from '../api/resources.ts'
import type { CredentialStatus, OwnCredentialStatus, TlsStatus } from '../api/session-store-status.ts'
import { parseBytes } from '../api/values.ts'
import type { Reconcile } from '../kubernetes/controller.ts'
import { isApiError } from '../kubernetes/errors.ts'
import { keyOf, nameOf } from '../kubernetes/objects.ts'
import { isRedisError } from '../redis/errors.ts'
import { ensureAccess, type Access } from './access.ts'
import { applyLive } from './apply-live.ts'
import { applyStore, type Applied } from './apply-store.ts'
import { behindNode } from './persistence/behind-node.ts'
import { pinnedEngine, resolveEngine, type ResolvedEngine } from './engines.ts'
import { objectNames, rollHashAnnotation, storeName, storeNamespace, storeUid } from './names.ts'
import { observe, type Observed } from './observe.ts'
import { configuredMaxmemory } from './plan/config-map.ts'
import { hasClaims } from './plan/claim.ts'
import { decideMaxmemory, type MaxmemoryDecision } from './plan/memory.ts'
import { rollHash } from './plan/stateful-set.ts'
import { hasStarted, isLeaving } from './pod-state.ts'
import { readStore } from './read-store.ts'
import { reportReady, resyncMs, type Outcome } from './readiness.ts'
import { reportEngine } from './report-engine.ts'
import { reportBehind, reportPersistence } from './persistence/report-persistence.ts'
import { reportUnreachable } from './report-unreachable.ts'
import { Report } from './report.ts'
import type { ResizeState } from './resize-pod.ts'
import type { StoreRuntime } from './runtime.ts'
import { rotateCredentials } from './rotation/rotate.ts'
import { rotateOwn } from './rotation/rotate-own.ts'
import { settleAside } from './settle-aside.ts'
import { settleFence } from './settle-fence.ts'
import { writeStatus } from './status.ts'
import { changePods, deletePod } from './topology/change-pods.ts'
import { keepPrimary } from './topology/keep-primary.ts'
import { isReplicated } from './topology/replicas.ts'

/** Makes a SessionStore what its spec says. */
export const storeReconciler =
  (runtime: StoreRuntime): Reconcile =>
  async (name, { signal }) => {
    const object = runtime.caches.stores.get(keyOf(name))
    // What is owned goes with its owner, by Kubernetes' own hand: no finalizer, nothing to wait for.
    if (!object || object.metadata.deletionTimestamp !== undefined) return {}
    const report = new Report()
    const store = readStore(object)
    if (typeof store === 'string') {
      report.set('Ready', 'False', 'Invalid', store)
      await writeStatus(runtime, object, report, {}, signal)
      return {}
    }
    return await runtime.lock.run(storeUid(store), async () => {
      try {
        const pass = new Pass(runtime, store, report, signal)
        const outcome = await pass.run()
        await writeStatus(runtime, pass.store, report, pass.facts, signal)
        return outcome
      } catch (error) {
        // Deleted in the middle of a pass: what it is missing is itself.
        if (isApiError(error, 'notFound') && (await isGone(runtime, store, signal))) return {}
        throw error
      }
    })
  }

const isGone = async (runtime: StoreRuntime, store: ReadSessionStore, signal: AbortSignal): Promise<boolean> => {
  try {
    const current = await runtime.client.get(sessionStores, nameOf(store), { signal })
    return current.metadata.uid !== storeUid(store)
  } catch (error) {
    if (isApiError(error, 'notFound')) return true
    throw error
  }
}

/** How soon a volume that nobody may read is looked at again, in ms: a flush may be about to make it right. */
const behindMs = 2_000

/** One pass over one store, in the order of a table of contents. */
class Pass {
  readonly #runtime: StoreRuntime
  /** As this pass knows it: with the primary that it settled. */
  #store: ReadSessionStore
  /** When a change of pods wants to be looked at again. */
  #soonMs: number | undefined
  readonly #report: Report
  readonly #signal: AbortSignal
  facts: {
    engine?: ResolvedEngine
    observed?: Observed
    unconfinedUser?: string
    credentials?: CredentialStatus[]
    tls?: TlsStatus
    ownCredentials?: OwnCredentialStatus
    serials?: ReadonlyMap<string, string>
  } = {}

  constructor(runtime: StoreRuntime, store: ReadSessionStore, report: Report, signal: AbortSignal) {
    this.#runtime = runtime
    this.#store = store
    this.#report = report
    this.#signal = signal
  }

  get store(): ReadSessionStore {
    return this.#store
  }

  async run(): Promise<Outcome> {
    const { requeueAfterMs } = await this.#steps()
    return { requeueAfterMs: Math.min(requeueAfterMs, this.#soonMs ?? requeueAfterMs) }
  }

  async #steps(): Promise<Outcome> {
    const engine = this.#engine()
    const seen = await observe(this.#runtime, this.#store, this.#signal)
    const known = engine ?? pinnedEngine(this.#store)
    const fenced = await settleFence(this.#runtime, this.#store, known, seen, this.#report, this.#signal)
    await settleAside(this.#runtime, this.#store, seen, this.#signal)
    const behind = known && (await this.#shutOut(known, seen))
    const observed = known ? await this.#keepPrimary(known, seen, fenced) : seen
    if (!engine) return { requeueAfterMs: resyncMs }
    this.facts = { engine, observed }
    reportEngine(this.#store, engine, this.#runtime.engines, observed, this.#report)
    const paused = this.#paused()
    if (paused) {
      reportPersistence(this.#store, observed, undefined, this.#report)
      await this.#changePods(engine, observed, true)
      if (behind) return behind
      return await reportReady(this.#runtime, this.#store, this.#report, observed, this.#signal)
    }
    const memory = this.#decideMemory(observed)
    const applied = await applyStore(
      this.#runtime,
      this.#store,
      { engine, memory, observed },
      this.#report,
      this.#signal,
    )
    if (behind) return behind
    if (!applied)
      return observed.node
        ? await reportReady(this.#runtime, this.#store, this.#report, observed, this.#signal)
        : reportUnreachable(this.#store, observed, this.#report)
    await this.#replacePodsThatNeverStarted(engine, observed)
    reportPersistence(this.#store, observed, applied.claims, this.#report)
    if (!observed.node) return reportUnreachable(this.#store, observed, this.#report)
    try {
      const resize = await this.#applyLive(observed, memory, applied)
      this.#reportProgress(engine, observed, resize)
      // A flush fences the users that there are: none is made while it does.
      if (!fenced) {
        await this.#rotate(engine, observed, applied.access)
        await this.#rotateOwn(observed)
      }
      await this.#changePods(engine, observed, fenced)
    } catch (error) {
      if (!isRedisError(error)) throw error
      const message = `Redis did not take a change that the spec asks for: ${error.message}`
      this.#report.set('Progressing', 'True', 'RedisRefused', message)
      this.#report.set('Degraded', 'True', 'RedisRefused', message)
    }
    return await reportReady(this.#runtime, this.#store, this.#report, observed, this.#signal)
  }

  async #keepPrimary(engine: ResolvedEngine, seen: Observed, fenced: boolean): Promise<Observed> {
    if (!isReplicated(this.#store)) return seen
    const [runtime, signal] = [this.#runtime, this.#signal]
    try {
      const kept = await keepPrimary(runtime, this.#store, engine, seen, this.#report, fenced, signal)
      this.#store = kept.store
      this.#lookAgain(kept.requeueAfterMs)
      return kept.observed
    } catch (error) {
      if (!isRedisError(error)) throw error
      // A node broke off in the middle: what was written down stands, and the next pass goes on from it.
      this.#report.set('Ready', 'False', 'RedisUnreachable', error.message)
      return { ...seen, pod: undefined, node: undefined }
    }
  }

  /** What cannot change while a process runs: one pod after another, with nothing lost. Only where there is a replica to take over. */
  async #changePods(engine: ResolvedEngine, observed: Observed, held: boolean): Promise<void> {
    if (!isReplicated(this.#store) || !observed.node) return
    const change = { engine, observed, held, rollHash: rollHash(this.#store, engine) }
    const changed = await changePods(this.#runtime, this.#store, change, this.#report, this.#signal)
    this.#store = changed.store
    this.#lookAgain(changed.requeueAfterMs)
  }

  async #rotate(engine: ResolvedEngine, { nodes }: Observed, access: Access): Promise<void> {
    const [runtime, store, signal] = [this.#runtime, this.#store, this.#signal]
    const rotated = await rotateCredentials(runtime, store, engine, nodes, access, this.#report, signal)
    this.facts.credentials = [...rotated.credentials]
    this.#lookAgain(rotated.requeueAfterMs)
  }

  async #rotateOwn({ nodes }: Observed): Promise<void> {
    const rotated = await rotateOwn(this.#runtime, this.#store, nodes, this.#signal)
    this.facts.ownCredentials = rotated.credentials
    this.#lookAgain(rotated.requeueAfterMs)
  }

  #lookAgain(afterMs: number | undefined): void {
    if (afterMs !== undefined) this.#soonMs = Math.min(afterMs, this.#soonMs ?? afterMs)
  }

  #engine(): ResolvedEngine | undefined {
    const engine = resolveEngine(this.#store, this.#runtime.engines)
    if (typeof engine !== 'string') return engine
    this.#report.set('EngineSupported', 'False', 'UnknownVersion', engine)
    this.#report.set('Ready', 'False', 'EngineNotSupported', engine)
    return undefined
  }

  #paused(): boolean {
    if (!this.#store.spec.maintenance.paused) return false
    this.#report.set(
      'Progressing',
      'False',
      'Paused',
      'spec.maintenance.paused is true: nothing is changed until it is false. Flushes still run.',
    )
    return true
  }

  #decideMemory(observed: Observed): MaxmemoryDecision {
    return decideMaxmemory({
      wantedBytes: parseBytes(this.#store.spec.memory.maxmemory),
      configuredBytes: configuredMaxmemory(observed.config),
      usedBytes: observed.node?.info.usedMemoryBytes,
    })
  }

  /** A pod in which Redis never ran holds no session: it takes a corrected template at once. */
  async #replacePodsThatNeverStarted(engine: ResolvedEngine, { nodes }: Observed): Promise<void> {
    const wanted = rollHash(this.#store, engine)
    for (const { pod } of nodes) {
      if (!pod || isLeaving(pod) || hasStarted(pod) || pod.metadata.annotations?.[rollHashAnnotation] === wanted)
        continue
      await deletePod(this.#runtime, pod, this.#signal)
    }
  }

  async #applyLive({ nodes }: Observed, memory: MaxmemoryDecision, applied: Applied): Promise<ResizeState> {
    const live = await applyLive(this.#runtime, this.#store, nodes, memory, applied, this.#report, this.#signal)
    const { unconfinedUser, tls, serials } = live
    this.facts = {
      ...this.facts,
      serials,
      ...(tls ? { tls } : {}),
      ...(unconfinedUser === undefined ? {} : { unconfinedUser }),
    }
    this.#lookAgain(live.requeueAfterMs)
    return live.resize
  }

  /** Where the data is from before a flush the kubelet leads nobody to it, and who knows its address is let in no more. */
  async #shutOut(engine: ResolvedEngine, seen: Observed): Promise<Outcome | undefined> {
    const [runtime, store, signal] = [this.#runtime, this.#store, this.#signal]
    try {
      const behind = await behindNode(store, seen, signal)
      if (!behind) return undefined
      const { users, clientUsers } = await ensureAccess(runtime, store, engine, { signal })
      const { connection, info } = behind.state
      const own = users.filter(({ name }) => !clientUsers.includes(name))
      await runtime.liveAcl.ensure(connection, behind.uid, info.runId, own, store.spec.sessions.keyPrefix, { signal })
      reportBehind(store, behind, this.#report)
    } catch (error) {
      if (!isRedisError(error)) throw error
      this.#report.set('Ready', 'False', 'RedisUnreachable', error.message)
    }
    return { requeueAfterMs: behindMs }
  }

  #reportProgress(engine: ResolvedEngine, { pod }: Observed, resize: ResizeState): void {
    if (resize.state === 'UnderWay') {
      this.#report.set('Progressing', 'True', 'Resizing', "The kubelet is changing the container's memory limit")
      return
    }
    // With replicas, `changePods` says what is left to do.
    if (
      isReplicated(this.#store) ||
      pod?.metadata.annotations?.[rollHashAnnotation] === rollHash(this.#store, engine)
    ) {
      this.#report.set('Progressing', 'False', 'Settled', 'Everything that the spec asks for is in force')
      return
    }
    const name = objectNames(storeName(this.#store)).pod(0)
    this.#report.set(
      'Progressing',
      'False',
      'RestartPending',
      `The spec asks for something that Redis cannot take on while it runs, and a restart ${hasClaims(this.#store) ? 'takes some seconds, in which nobody can log in; sessions stay' : 'would end every session'}. When that is acceptable: kubectl delete pod -n ${storeNamespace(this.#store)} ${name}`,
    )
  }
}
