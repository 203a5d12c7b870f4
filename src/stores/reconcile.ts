import type { ReadSessionStore } from '../api/resources.ts'
import { parseBytes } from '../api/values.ts'
import type { Reconcile } from '../kubernetes/controller.ts'
import { keyOf } from '../kubernetes/objects.ts'
import { pods } from '../kubernetes/kinds.ts'
import { isRedisError } from '../redis/errors.ts'
import { ensureAccess, operatorLogin, type Access } from './access.ts'
import { applyOwned, deleteOwned } from './apply-objects.ts'
import { resolveEngine, type ResolvedEngine } from './engines.ts'
import { ensureLiveMemory, reportMemory } from './live-memory.ts'
import { NameTakenError } from './name-taken-error.ts'
import { objectNames, rollHashAnnotation, storeName, storeNamespace, storeUid } from './names.ts'
import { observe, type Observed, type ObservedNode } from './observe.ts'
import { configMap, configuredMaxmemory } from './plan/config-map.ts'
import { decideMaxmemory, type MaxmemoryDecision } from './plan/memory.ts'
import { networkPolicy } from './plan/network-policy.ts'
import { headlessService, primaryService } from './plan/services.ts'
import { rollHash, statefulSet } from './plan/stateful-set.ts'
import { hasStarted, isReady, podTrouble } from './pod-state.ts'
import { readStore } from './read-store.ts'
import { Report } from './report.ts'
import type { ResizeState } from './resize-pod.ts'
import type { StoreRuntime } from './runtime.ts'
import { writeStatus } from './status.ts'
import { writeThroughService } from './write-probe.ts'

/** How often a store that has nothing to do is looked at, in ms. What changes in Kubernetes is seen at once. */
const resyncMs = 30_000
/** How soon to look again while something that sends no event is under way, in ms: a Service that begins to lead somewhere. */
const pollMs = 100

/** Where a pass ended, and when to look again. */
type Outcome = { readonly requeueAfterMs: number }

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
      const pass = new Pass(runtime, store, report, signal)
      const outcome = await pass.run()
      await writeStatus(runtime, store, report, pass.facts, signal)
      return outcome
    })
  }

/** One pass over one store, in the order of a table of contents. */
class Pass {
  readonly #runtime: StoreRuntime
  readonly #store: ReadSessionStore
  readonly #report: Report
  readonly #signal: AbortSignal
  facts: { engine?: ResolvedEngine; observed?: Observed; unconfinedUser?: string } = {}

  constructor(runtime: StoreRuntime, store: ReadSessionStore, report: Report, signal: AbortSignal) {
    this.#runtime = runtime
    this.#store = store
    this.#report = report
    this.#signal = signal
  }

  async run(): Promise<Outcome> {
    const engine = this.#engine()
    if (!engine) return { requeueAfterMs: resyncMs }
    const observed = await observe(this.#runtime, this.#store, this.#signal)
    this.facts = { engine, observed }
    if (this.#paused()) return await this.#ready(observed)
    const memory = this.#decideMemory(observed)
    const access = await this.#apply(engine, memory)
    if (!access) return { requeueAfterMs: resyncMs }
    await this.#replacePodThatNeverStarted(engine, observed)
    if (!observed.node) return this.#notReachable(observed)
    const resize = await this.#applyLive(observed.node, observed, memory, access)
    this.#reportProgress(engine, observed, resize)
    return await this.#ready(observed)
  }

  #engine(): ResolvedEngine | undefined {
    const engine = resolveEngine(this.#store, this.#runtime.engines)
    if (typeof engine !== 'string') {
      this.#report.set('EngineSupported', 'True', 'Known', `${engine.type} ${engine.version}`)
      return engine
    }
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

  /** The objects that the store becomes. Undefined when one of their names is taken. */
  async #apply(engine: ResolvedEngine, memory: MaxmemoryDecision): Promise<Access | undefined> {
    const [runtime, store, signal] = [this.#runtime, this.#store, this.#signal]
    const { caches } = runtime
    try {
      const access = await this.#access(engine)
      await applyOwned(runtime, store, caches.configMaps, configMap(store, serverConfig(store, memory.bytes)), signal)
      const policy = networkPolicy(store, runtime.operator)
      // The policy stands before the pod that it guards.
      if (store.spec.network.enforcement === 'Enforce')
        await applyOwned(runtime, store, caches.networkPolicies, policy, signal)
      else await deleteOwned(runtime, store, caches.networkPolicies, policy, signal)
      await applyOwned(runtime, store, caches.statefulSets, statefulSet(store, engine, memory.bytes), signal)
      await applyOwned(runtime, store, caches.services, primaryService(store), signal)
      await applyOwned(runtime, store, caches.services, headlessService(store), signal)
      return access
    } catch (error) {
      if (!(error instanceof NameTakenError)) throw error
      this.#report.set('Ready', 'False', 'NameTaken', error.message)
      return undefined
    }
  }

  /** The store's users. A fence whose flush is gone (its finalizer was removed by hand) is lifted: nobody else would. */
  async #access(engine: ResolvedEngine): Promise<Access> {
    const [runtime, store, signal] = [this.#runtime, this.#store, this.#signal]
    const access = await ensureAccess(runtime, store, engine, { signal })
    const { fencedBy } = access
    if (fencedBy === undefined || (await runtime.isFenceHeld(storeNamespace(store), fencedBy, signal))) return access
    const message = 'The FlushSessions that held writes back is gone without having lifted its fence: lifted now'
    runtime.events.record(store, { type: 'Warning', reason: 'OrphanFenceLifted', message })
    return await ensureAccess(runtime, store, engine, { fence: null, signal })
  }

  /** A pod in which Redis never ran holds no session: it takes a corrected template at once. */
  async #replacePodThatNeverStarted(engine: ResolvedEngine, { pod }: Observed): Promise<void> {
    if (!pod || pod.metadata.deletionTimestamp !== undefined || hasStarted(pod)) return
    if (pod.metadata.annotations?.[rollHashAnnotation] === rollHash(this.#store, engine)) return
    const { uid, resourceVersion } = pod.metadata
    await this.#runtime.client.delete(
      pods,
      { namespace: storeNamespace(this.#store), name: pod.metadata.name ?? '' },
      {
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        signal: this.#signal,
      },
    )
  }

  #notReachable({ pod, nodeError }: Observed): Outcome {
    const trouble = pod && podTrouble(pod)
    if (trouble) {
      this.#report.set('Ready', 'False', trouble.reason, trouble.message)
      this.#report.set('Degraded', 'True', trouble.reason, trouble.message)
      return { requeueAfterMs: resyncMs }
    }
    this.#report.set('Progressing', 'True', 'Starting', 'Waiting for Redis to start')
    if (nodeError) {
      this.#report.set('Ready', 'False', 'RedisUnreachable', `Redis does not serve the operator: ${nodeError.message}`)
      return { requeueAfterMs: isRedisError(nodeError, 'denied') ? resyncMs : 1000 }
    }
    this.#report.set('Ready', 'False', 'PodNotRunning', 'Waiting for the pod to run')
    return { requeueAfterMs: resyncMs }
  }

  async #applyLive(
    node: ObservedNode,
    observed: Observed,
    memory: MaxmemoryDecision,
    access: Access,
  ): Promise<ResizeState> {
    const [store, signal] = [this.#store, this.#signal]
    const keyPrefix = store.spec.sessions.keyPrefix
    const acl = await this.#runtime.liveAcl.ensure(node.connection, node.info.runId, access.users, keyPrefix, {
      signal,
    })
    if (acl.unconfined !== undefined) this.facts.unconfinedUser = acl.unconfined
    const state = await ensureLiveMemory(
      this.#runtime.client,
      store,
      observed.pod,
      node,
      serverConfig(store, memory.bytes),
      signal,
    )
    reportMemory(this.#report, store, memory, state)
    return state
  }

  #reportProgress(engine: ResolvedEngine, { pod }: Observed, resize: ResizeState): void {
    if (resize.state === 'UnderWay') {
      this.#report.set('Progressing', 'True', 'Resizing', "The kubelet is changing the container's memory limit")
      return
    }
    if (pod?.metadata.annotations?.[rollHashAnnotation] === rollHash(this.#store, engine)) {
      this.#report.set('Progressing', 'False', 'Settled', 'Everything that the spec asks for is in force')
      return
    }
    const name = objectNames(storeName(this.#store)).pod
    this.#report.set(
      'Progressing',
      'False',
      'RestartPending',
      `The spec asks for something that Redis cannot take on while it runs, and a restart would end every session. When that is acceptable: kubectl delete pod -n ${storeNamespace(this.#store)} ${name}`,
    )
  }

  /** Until the first time that a store was Ready, what is not there yet is nothing to worry about. */
  #stillStarting(): void {
    const ready = this.#store.status?.conditions?.find((condition) => condition.type === 'Ready')
    if (ready?.status === 'True' || this.#report.get('Progressing')?.reason === 'Paused') return
    this.#report.set('Progressing', 'True', 'Starting', 'Waiting for Redis to serve')
  }

  /** Ready means: a write through the Service succeeded, just now. */
  async #ready({ pod, node }: Observed): Promise<Outcome> {
    const service = this.#runtime.caches.services.get(
      `${storeNamespace(this.#store)}/${objectNames(storeName(this.#store)).service}`,
    )
    const clusterIp = service?.spec?.clusterIP
    if (!pod || !node || !isReady(pod) || clusterIp === undefined) {
      this.#stillStarting()
      this.#report.set('Ready', 'False', 'PodNotReady', 'Redis runs; waiting for its pod to be ready')
      return { requeueAfterMs: 1000 }
    }
    try {
      await writeThroughService(clusterIp, operatorLogin(this.#runtime, this.#store), this.#signal)
    } catch (error) {
      if (!isRedisError(error)) throw error
      if (error.kind === 'unreachable') this.#stillStarting()
      const reason = error.kind === 'memory' ? 'OutOfMemory' : 'WriteFailed'
      this.#report.set('Ready', 'False', reason, `A write through the Service failed: ${error.message}`)
      return { requeueAfterMs: error.kind === 'unreachable' ? pollMs : 1000 }
    }
    this.#report.set('Ready', 'True', 'WriteSucceeded', 'A write through the Service succeeded')
    this.#report.set('Degraded', 'False', 'AsExpected', '')
    return { requeueAfterMs: resyncMs }
  }
}

const serverConfig = (store: ReadSessionStore, maxmemoryBytes: number) => ({
  maxmemoryBytes,
  evictionPolicy: store.spec.memory.evictionPolicy,
  appendOnly: store.spec.persistence.mode === 'AppendOnly',
})
