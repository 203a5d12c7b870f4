import type { KubeConfig } from '@kubernetes/client-node'
import { apiVersion, flushSessions, sessionStores, type FlushSessions, type SessionStore } from './api/resources.ts'
import { createSigner } from './audit/signature.ts'
import { openSink } from './audit/sink.ts'
import { isFlushUnderWay } from './flushes/is-under-way.ts'
import { flushReconciler } from './flushes/reconcile.ts'
import { registerFlushMetrics } from './flushes/metrics.ts'
import type { FlushRuntime } from './flushes/runtime.ts'
import { Controller } from './kubernetes/controller.ts'
import { LeaseLostError } from './kubernetes/errors.ts'
import {
  configMaps,
  endpointSlices,
  networkPolicies,
  persistentVolumeClaims,
  podDisruptionBudgets,
  pods,
  services,
  statefulSets,
  type PersistentVolumeClaim,
} from './kubernetes/kinds.ts'
import type { Logger } from './kubernetes/logger.ts'
import { Manager } from './kubernetes/manager.ts'
import { itself, ownerOf, type Mapping } from './kubernetes/mapping.ts'
import { ensureOperatorKeys } from './operator-keys.ts'
import type { Options } from './options.ts'
import { AuditLog } from './stores/audit-log.ts'
import { Connections } from './stores/connections.ts'
import { KeyedLock } from './stores/keyed-lock.ts'
import { EndedPods } from './stores/ended-pods.ts'
import { LiveAcl } from './stores/live-acl.ts'
import { registerStoreMetrics } from './stores/metrics.ts'
import { managedBySelector } from './stores/names.ts'
import { hasEnded } from './stores/pod-state.ts'
import { Patience } from './stores/patience.ts'
import { KnownPods } from './stores/peers/known-pods.ts'
import { Sweeps } from './stores/policy/sweeps.ts'
import { TtlSamples } from './stores/policy/ttl-samples.ts'
import { policyReconciler } from './stores/policy/reconcile.ts'
import { storeReconciler } from './stores/reconcile.ts'
import { Certificates } from './stores/tls/certificates.ts'
import { KnownOffsets } from './stores/topology/loss.ts'
import { ServiceRest } from './stores/topology/service-rest.ts'
import { Strays } from './stores/topology/strays.ts'
import { Silences } from './stores/topology/silences.ts'

/** Stores reconciled at once. A pass waits mostly for Redis and the API server. */
const storeConcurrency = 8
/** Stores swept at once; each sweep paces itself. */
const policyConcurrency = 4
const flushConcurrency = 16

/** Puts the operator together; it begins to work when it leads. */
export const createOperator = (options: Options, kubeConfig: KubeConfig, log: Logger, userAgent: string): Manager => {
  const manager = new Manager({
    kubeConfig,
    namespaces: options.namespaces,
    identity: options.identity,
    userAgent,
    log,
    leaderElection: { namespace: options.operatorNamespace, name: options.name },
    healthPort: options.healthPort,
    metricsPort: options.metricsPort,
  })
  const ours = { labelSelector: managedBySelector }
  const caches = {
    stores: manager.informer(sessionStores),
    statefulSets: manager.informer(statefulSets, ours),
    pods: manager.informer(pods, ours),
    services: manager.informer(services, ours),
    claims: manager.informer(persistentVolumeClaims, ours),
    configMaps: manager.informer(configMaps, ours),
    networkPolicies: manager.informer(networkPolicies, ours),
    endpointSlices: manager.informer(endpointSlices, ours),
    podDisruptionBudgets: manager.informer(podDisruptionBudgets, ours),
  }
  const flushes = manager.informer(flushSessions)
  const guard = () => {
    if (!manager.isLeading()) throw new LeaseLostError('this process may no longer be the leader')
  }
  const connections = new Connections({
    confirmLeadership: () => manager.confirmLeadership(),
    guard,
    log,
    clock: manager.clock,
    // Somebody's sessions may be without a primary: before everything else.
    onLost: (owner) => stores.enqueue({ ...owner, priority: 'high' }),
  })
  const silences = new Silences(manager.clock)
  const strays = new Strays(manager.clock)
  const serviceRest = new ServiceRest(manager.clock)
  const patience = new Patience(manager.clock)
  const offsets = new KnownOffsets()
  const endedPods = new EndedPods()
  const liveAcl = new LiveAcl()
  const certificates = new Certificates()
  const sweeps = new Sweeps(manager.clock)
  const ttlSamples = new TtlSamples()
  const knownPods = new KnownPods(manager.clock, options.namespaces)
  // Keys are read when we lead, and no reconcile begins before.
  const late: { runtime?: FlushRuntime } = {}
  const runtime = (): FlushRuntime => {
    if (!late.runtime) throw new Error('a reconcile began before the keys were read')
    return late.runtime
  }
  manager.onLeading(async (signal) => {
    const keys = await ensureOperatorKeys(
      manager.client,
      manager.clock,
      options.operatorNamespace,
      options.name,
      signal,
    )
    const sink = await openSink(options.auditLog, {
      onTrouble: (message) => log.warn({ stream: options.auditLog }, message),
    })
    manager.onStop(() => sink.close())
    const { client, clock, events } = manager
    late.runtime = {
      client,
      clock,
      events,
      engines: options.engines,
      operator: { namespace: options.operatorNamespace, labels: options.podLabels },
      masterKey: keys.masterKey,
      previousMasterKey: keys.previousMasterKey,
      restartsWorkloads: options.restartWorkloads,
      connections,
      guard,
      liveAcl,
      certificates,
      silences,
      strays,
      serviceRest,
      patience,
      offsets,
      endedPods,
      log,
      sweeps,
      ttlSamples,
      knownPods,
      lock: new KeyedLock(),
      isFlushUnderWay: (namespace, flushUid, signal) => isFlushUnderWay(client, namespace, flushUid, signal),
      caches,
      flushes,
      audit: new AuditLog({ client, clock, log, sink, signer: createSigner(keys.auditPrivateKey) }),
    }
  })
  registerStoreMetrics(manager.metrics.registry, () => caches.stores.list(), ttlSamples)
  registerFlushMetrics(manager.metrics.registry, () => flushes.list())
  manager.onStop(() => connections.closeAll())
  caches.stores.onChange(({ type, object }) => {
    if (type !== 'deleted') return
    sweeps.forget(object.metadata.uid ?? '')
    ttlSamples.forget(object.metadata.uid ?? '')
    certificates.forgetStore(object.metadata.uid ?? '')
    serviceRest.forget(object.metadata.uid ?? '')
  })
  caches.endpointSlices.onChange(({ object }) => {
    // Headless Services are no matter of kube-proxy's.
    if (object.metadata.labels?.['service.kubernetes.io/headless'] === undefined) serviceRest.changed()
  })
  caches.pods.onChange(({ type, object }) => {
    if (type !== 'deleted') return
    const uid = object.metadata.uid ?? ''
    if (hasEnded(object)) endedPods.add(uid)
    for (const memory of [liveAcl, certificates, silences, strays, patience, connections]) memory.forget(uid)
  })

  const ofStore = ownerOf('SessionStore', apiVersion)
  const flush = new Controller({
    name: 'flushsessions',
    concurrency: flushConcurrency,
    manager,
    reconcile: async (name, context) => await flushReconciler(runtime())(name, context),
  }).watch(flushes, urgent)
  const stores = new Controller({
    name: 'sessionstore',
    concurrency: storeConcurrency,
    manager,
    yieldsTo: flush,
    reconcile: async (name, context) => await storeReconciler(runtime())(name, context),
  })
    .watch(caches.stores, itself)
    .watch(caches.statefulSets, ofStore)
    .watch(caches.pods, storeOfPod)
    .watch(caches.services, ofStore)
    .watch(caches.claims, storeOfClaim)
    .watch(caches.configMaps, ofStore)
    .watch(caches.networkPolicies, ofStore)
    .watch(caches.endpointSlices, ofStore)
    .watch(caches.podDisruptionBudgets, ofStore)
  const policy = new Controller({
    name: 'sessionpolicy',
    concurrency: policyConcurrency,
    manager,
    yieldsTo: flush,
    reconcile: async (name, context) => await policyReconciler(runtime())(name, context),
  }).watch(caches.stores, itself, {
    when: (store, old) => store.metadata.generation !== old?.metadata.generation || isReady(store) !== isReady(old),
  })
  for (const controller of [flush, stores, policy]) manager.add(controller)
  return manager
}

const isReady = (store: SessionStore | undefined): boolean =>
  store?.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false

/** A pod's owner is the StatefulSet, which has its store's name. */
const storeOfPod: Mapping<
  {
    readonly metadata: {
      readonly namespace?: string
      readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[]
    }
  } & Parameters<typeof itself>[0]
> = (pod) => {
  const set = pod.metadata.ownerReferences?.find((owner) => owner.kind === 'StatefulSet')
  return set
    ? [{ ...(pod.metadata.namespace === undefined ? {} : { namespace: pod.metadata.namespace }), name: set.name }]
    : []
}

/** Its labels say whose it is, whoever is to delete it. */
const storeOfClaim: Mapping<PersistentVolumeClaim> = ({ metadata: { namespace, labels } }) => {
  const name = labels?.['app.kubernetes.io/instance']
  return name === undefined || namespace === undefined ? [] : [{ namespace, name }]
}

/** Somebody waits for a flush, in an incident: it goes before everything else. */
const urgent: Mapping<FlushSessions> = (flush) => itself(flush).map((request) => ({ ...request, priority: 'high' }))
