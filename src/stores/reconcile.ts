import type { ReadSessionStore } from '../api/resources.ts'
import { parseBytes } from '../api/values.ts'
import type { Reconcile } from '../kubernetes/controller.ts'
import { isApiError } from '../kubernetes/errors.ts'
import { keyOf } from '../kubernetes/objects.ts'
import { pods } from '../kubernetes/kinds.ts'
import { isRedisError } from '../redis/errors.ts'
import { ensureAccess, type Access } from './access.ts'
import { applyOwned, deleteOwned } from './apply-objects.ts'
import { pinnedEngine, resolveEngine, type ResolvedEngine } from './engines.ts'
import { bytesToConfigure, ensureLiveMemory, reportMemory } from './live-memory.ts'
import { NameTakenError } from './name-taken-error.ts'
import { objectNames, rollHashAnnotation, storeName, storeNamespace, storeUid } from './names.ts'
import { observe, type Observed, type ObservedNode } from './observe.ts'
import { configMap, configuredMaxmemory } from './plan/config-map.ts'
import { decideMaxmemory, type MaxmemoryDecision } from './plan/memory.ts'
import { networkPolicy } from './plan/network-policy.ts'
import { headlessService, primaryService } from './plan/services.ts'
import { rollHash, statefulSet } from './plan/stateful-set.ts'
import { hasStarted, podTrouble } from './pod-state.ts'
import { readStore } from './read-store.ts'
import { reportReady, resyncMs, wasReady, type Outcome } from './readiness.ts'
import { Report } from './report.ts'
import type { ResizeState } from './resize-pod.ts'
import type { StoreRuntime } from './runtime.ts'
import { settleFence } from './settle-fence.ts'
import { writeStatus } from './status.ts'

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
    const observed = await observe(this.#runtime, this.#store, this.#signal)
    await settleFence(
      this.#runtime,
      this.#store,
      engine ?? pinnedEngine(this.#store),
      observed,
      this.#report,
      this.#signal,
    )
    if (!engine) return { requeueAfterMs: resyncMs }
    this.facts = { engine, observed }
    if (this.#paused()) return await reportReady(this.#runtime, this.#store, this.#report, observed, this.#signal)
    const memory = this.#decideMemory(observed)
    const access = await this.#apply(engine, memory, observed)
    if (!access)
      return observed.node
        ? await reportReady(this.#runtime, this.#store, this.#report, observed, this.#signal)
        : this.#notReachable(observed)
    await this.#replacePodThatNeverStarted(engine, observed)
    if (!observed.node) return this.#notReachable(observed)
    try {
      const resize = await this.#applyLive(observed.node, observed, memory, access)
      this.#reportProgress(engine, observed, resize)
    } catch (error) {
      if (!isRedisError(error)) throw error
      const message = `Redis did not take a change that the spec asks for: ${error.message}`
      this.#report.set('Progressing', 'True', 'RedisRefused', message)
      this.#report.set('Degraded', 'True', 'RedisRefused', message)
    }
    return await reportReady(this.#runtime, this.#store, this.#report, observed, this.#signal)
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
  async #apply(
    engine: ResolvedEngine,
    memory: MaxmemoryDecision,
    { pod, config }: Observed,
  ): Promise<Access | undefined> {
    const [runtime, store, signal] = [this.#runtime, this.#store, this.#signal]
    const { caches } = runtime
    const configuredBytes = bytesToConfigure(store, memory.bytes, configuredMaxmemory(config), pod)
    try {
      const access = await ensureAccess(runtime, store, engine, { signal })
      await applyOwned(
        runtime,
        store,
        caches.configMaps,
        configMap(store, serverConfig(store, configuredBytes)),
        signal,
      )
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
      const reason =
        error instanceof NameTakenError
          ? 'NameTaken'
          : isApiError(error, 'invalid', 'forbidden')
            ? 'Rejected'
            : undefined
      if (reason === undefined || !(error instanceof Error)) throw error
      // What runs goes on as it is; a person must change the spec, or what is in its way.
      this.#report.set('Progressing', 'False', reason, error.message)
      this.#report.set('Degraded', 'True', reason, error.message)
      return undefined
    }
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
    const blocked = this.#report.get('Progressing')
    if (blocked?.reason === 'NameTaken' || blocked?.reason === 'Rejected') {
      this.#report.set('Ready', 'False', blocked.reason, blocked.message)
      return { requeueAfterMs: resyncMs }
    }
    const trouble = pod && podTrouble(pod)
    if (trouble) {
      this.#report.set('Ready', 'False', trouble.reason, trouble.message)
      this.#report.set('Degraded', 'True', trouble.reason, trouble.message)
      return { requeueAfterMs: resyncMs }
    }
    if (wasReady(this.#store))
      this.#report.set('Degraded', 'True', 'RedisUnreachable', nodeError?.message ?? 'The pod does not run')
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
    const acl = await this.#runtime.liveAcl.ensure(
      node.connection,
      storeUid(store),
      node.info.runId,
      access.users,
      keyPrefix,
      {
        signal,
      },
    )
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
}

const serverConfig = (store: ReadSessionStore, maxmemoryBytes: number) => ({
  maxmemoryBytes,
  evictionPolicy: store.spec.memory.evictionPolicy,
  appendOnly: store.spec.persistence.mode === 'AppendOnly',
})
