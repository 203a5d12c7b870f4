import { sessionStores, type ReadSessionStore } from '../api/resources.ts'
import { parseBytes } from '../api/values.ts'
import type { Reconcile } from '../kubernetes/controller.ts'
import { isApiError } from '../kubernetes/errors.ts'
import { keyOf, nameOf } from '../kubernetes/objects.ts'
import type { Pod } from '../kubernetes/kinds.ts'
import { isRedisError } from '../redis/errors.ts'
import { ensureAccess, type Access } from './access.ts'
import { applyOwned, deleteOwned } from './apply-objects.ts'
import { pinnedEngine, resolveEngine, type ResolvedEngine } from './engines.ts'
import { bytesToConfigure, ensureLiveMemory, reportMemory } from './live-memory.ts'
import { NameTakenError } from './name-taken-error.ts'
import { objectNames, rollHashAnnotation, storeName, storeNamespace, storeUid } from './names.ts'
import { observe, type Observed } from './observe.ts'
import { configMap, configuredMaxmemory } from './plan/config-map.ts'
import { decideMaxmemory, type MaxmemoryDecision } from './plan/memory.ts'
import { networkPolicy } from './plan/network-policy.ts'
import { podDisruptionBudget } from './plan/pod-disruption-budget.ts'
import { primaryEndpoints } from './plan/primary-endpoints.ts'
import { headlessService, primaryService, replicaService } from './plan/services.ts'
import { rollHash, statefulSet } from './plan/stateful-set.ts'
import { hasStarted, isLeaving, podTrouble } from './pod-state.ts'
import { readStore } from './read-store.ts'
import { reportReady, resyncMs, wasReady, type Outcome } from './readiness.ts'
import { Report } from './report.ts'
import type { ResizeState } from './resize-pod.ts'
import type { StoreRuntime } from './runtime.ts'
import { settleFence } from './settle-fence.ts'
import { writeStatus } from './status.ts'
import { changePods, deletePod } from './topology/change-pods.ts'
import { keepPrimary, noPrimaryMs } from './topology/keep-primary.ts'
import { isReplicated, wantedReplicas } from './topology/replicas.ts'

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

/** One pass over one store, in the order of a table of contents. */
class Pass {
  readonly #runtime: StoreRuntime
  /** As this pass knows it: with the primary that it settled. */
  #store: ReadSessionStore
  /** When a change of pods wants to be looked at again. */
  #soonMs: number | undefined
  readonly #report: Report
  readonly #signal: AbortSignal
  facts: { engine?: ResolvedEngine; observed?: Observed; unconfinedUser?: string } = {}

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
    const observed = known ? await this.#keepPrimary(known, seen, fenced) : seen
    if (!engine) return { requeueAfterMs: resyncMs }
    this.facts = { engine, observed }
    const paused = this.#paused()
    if (paused) {
      await this.#changePods(engine, observed, true)
      return await reportReady(this.#runtime, this.#store, this.#report, observed, this.#signal)
    }
    const memory = this.#decideMemory(observed)
    const access = await this.#apply(engine, memory, observed)
    if (!access)
      return observed.node
        ? await reportReady(this.#runtime, this.#store, this.#report, observed, this.#signal)
        : this.#notReachable(observed)
    await this.#replacePodsThatNeverStarted(engine, observed)
    if (!observed.node) return this.#notReachable(observed)
    try {
      const resize = await this.#applyLive(observed, memory, access)
      this.#reportProgress(engine, observed, resize)
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
    this.#soonMs = changed.requeueAfterMs
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
    { pod, nodes, config }: Observed,
  ): Promise<Access | undefined> {
    const [runtime, store, signal] = [this.#runtime, this.#store, this.#signal]
    const { caches } = runtime
    const pods = nodes.flatMap((node) => (node.pod ? [node.pod] : []))
    const configuredBytes = bytesToConfigure(store, memory.bytes, configuredMaxmemory(config), pods)
    const count = podCount(store, pod)
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
      await applyOwned(runtime, store, caches.statefulSets, statefulSet(store, engine, memory.bytes, count), signal)
      await applyOwned(runtime, store, caches.services, primaryService(store), signal)
      await applyOwned(runtime, store, caches.services, headlessService(store), signal)
      if (isReplicated(store)) {
        const { primary } = store.status ?? {}
        const current = primary?.current === primary?.target ? nodes.find(({ uid }) => uid === primary?.pod) : undefined
        // Without one that is known to be there, it stays as it is: nobody is promoted here.
        if (current || !primary)
          await applyOwned(runtime, store, caches.endpointSlices, primaryEndpoints(store, current), signal)
        await applyOwned(runtime, store, caches.services, replicaService(store), signal)
        await applyOwned(runtime, store, caches.podDisruptionBudgets, podDisruptionBudget(store), signal)
      }
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
  async #replacePodsThatNeverStarted(engine: ResolvedEngine, { nodes }: Observed): Promise<void> {
    const wanted = rollHash(this.#store, engine)
    for (const { pod } of nodes) {
      if (!pod || isLeaving(pod) || hasStarted(pod) || pod.metadata.annotations?.[rollHashAnnotation] === wanted)
        continue
      await deletePod(this.#runtime, pod, this.#signal)
    }
  }

  #notReachable({ nodes, nodeError }: Observed): Outcome {
    const blocked = this.#report.get('Progressing')
    if (blocked?.reason === 'NameTaken' || blocked?.reason === 'Rejected') {
      this.#report.set('Ready', 'False', blocked.reason, blocked.message)
      return { requeueAfterMs: resyncMs }
    }
    const trouble = nodes.map((node) => node.pod && podTrouble(node.pod)).find((each) => each !== undefined)
    if (trouble) {
      this.#report.set('Ready', 'False', trouble.reason, trouble.message)
      this.#report.set('Degraded', 'True', trouble.reason, trouble.message)
      return { requeueAfterMs: resyncMs }
    }
    if (wasReady(this.#store) && !this.#report.get('Degraded'))
      this.#report.set('Degraded', 'True', 'RedisUnreachable', nodeError?.message ?? 'The pod does not run')
    this.#report.set('Progressing', 'True', 'Starting', 'Waiting for Redis to start')
    // Who keeps the primary has said why there is none.
    if (isReplicated(this.#store)) return { requeueAfterMs: nodes.length > 0 ? noPrimaryMs : resyncMs }
    if (nodeError) {
      this.#report.set('Ready', 'False', 'RedisUnreachable', `Redis does not serve the operator: ${nodeError.message}`)
      return { requeueAfterMs: isRedisError(nodeError, 'denied') ? resyncMs : 1000 }
    }
    this.#report.set('Ready', 'False', 'PodNotRunning', 'Waiting for the pod to run')
    return { requeueAfterMs: resyncMs }
  }

  async #applyLive({ nodes }: Observed, memory: MaxmemoryDecision, access: Access): Promise<ResizeState> {
    const [store, signal] = [this.#store, this.#signal]
    const keyPrefix = store.spec.sessions.keyPrefix
    const states: ResizeState[] = []
    for (const { uid, pod, state: node } of nodes) {
      if (node.is !== 'answering') continue
      const { connection, info } = node
      const acl = await this.#runtime.liveAcl.ensure(connection, uid, info.runId, access.users, keyPrefix, { signal })
      if (acl.unconfined !== undefined) this.facts.unconfinedUser = acl.unconfined
      const config = serverConfig(store, memory.bytes)
      states.push(await ensureLiveMemory(this.#runtime.client, store, pod, node, config, signal))
    }
    const state = slowest(states)
    reportMemory(this.#report, store, memory, state)
    return state
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
      `The spec asks for something that Redis cannot take on while it runs, and a restart would end every session. When that is acceptable: kubectl delete pod -n ${storeNamespace(this.#store)} ${name}`,
    )
  }
}

const serverConfig = (store: ReadSessionStore, maxmemoryBytes: number) => ({
  maxmemoryBytes,
  evictionPolicy: store.spec.memory.evictionPolicy,
  appendOnly: store.spec.persistence.mode === 'AppendOnly',
  replicated: isReplicated(store),
})

/** The state of all pods together: the worst. */
const slowest = (states: readonly ResizeState[]): ResizeState =>
  states.find(({ state }) => state === 'Refused') ??
  states.find(({ state }) => state === 'UnderWay') ?? { state: 'Done' }

/** How many pods a store has now: a primary that the spec has no place for hands over before its pod goes. */
const podCount = (store: ReadSessionStore, primary: Pod | undefined): number =>
  Math.max(wantedReplicas(store), Number(/-([0-9]+)$/.exec(primary?.metadata.name ?? '-0')?.[1])) + 1
