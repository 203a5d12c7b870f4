import type { ReadSessionStore } from '../../api/resources.ts'
import { isRedisError } from '../../redis/errors.ts'
import { cutLink } from '../../redis/replication.ts'
import type { ResolvedEngine } from '../engines.ts'
import { storeUid } from '../names.ts'
import { answers, type AnsweringNode, type StoreNode } from '../observe.ts'
import type { StoreRuntime } from '../runtime.ts'
import { decide, isToBeCut } from './decide.ts'
import type { Decision, Facts, NoPrimary } from './facts.ts'
import { gather } from './gather.ts'
import { loss } from './loss.ts'
import { beginTerm, finishTerm } from './promote.ts'

/** How long nobody must have had any session before an empty node is promoted, in ms. */
const confirmMs = 3_000

/** Who the primary is, as far as this pass could settle it. */
export type Settled =
  | { readonly primary: AnsweringNode; readonly store: ReadSessionStore }
  | {
      readonly primary: undefined
      readonly store: ReadSessionStore
      /** Why there is none. */
      readonly reason: NoPrimary
      readonly message: string
      /** Time does not help: Kubernetes or a person must bring something back. */
      readonly stopped: boolean
    }

/**
 * Sees to it that a Replicated store has a primary, and one only. A promotion is written down before it is carried out, and what was written down
 * is carried out first.
 */
export const settlePrimary = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  engine: ResolvedEngine,
  nodes: readonly StoreNode[],
  fenced: boolean,
  signal: AbortSignal,
): Promise<Settled> => {
  const facts = gather(store, nodes, runtime.silences)
  const decision = confirmed(runtime, store, decide(facts))
  const node = 'node' in decision ? nodes.find(({ uid }) => uid === decision.node.uid) : undefined
  if (answers(node) && decision.act === 'serve') {
    runtime.silences.release(node.state.info.runId)
    return { primary: node, store }
  }
  if (answers(node) && (decision.act === 'finish' || decision.act === 'promote')) {
    if (decision.act === 'promote') tell(runtime, store, facts, decision)
    const begun =
      decision.act === 'promote'
        ? await beginTerm(runtime, store, node, changeOf(runtime, facts, decision), signal)
        : store
    return await finish(runtime, begun, engine, node, fenced, signal)
  }
  if (decision.act === 'isolate') await isolate(runtime, store, nodes, signal)
  const { reason, message } = 'reason' in decision ? decision : { reason: 'Starting' as const, message: '' }
  const told = message.replaceAll('<name>', `${store.metadata.name} -n ${store.metadata.namespace}`)
  return { primary: undefined, store, reason, message: told, stopped: decision.act === 'stop' }
}

/** What a promotion was decided by: for whoever has to understand it later. */
const tell = (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  facts: Facts,
  decision: Decision & { act: 'promote' },
) => {
  const nodes = facts.nodes.map(({ name, uid, state, leaving, info }) => ({
    name,
    uid,
    state,
    leaving,
    ...(info ? { keys: info.keyspace.keys, loading: info.loading, ...info.replication } : {}),
  }))
  const { namespace, name } = store.metadata
  const { basis, cause } = decision
  runtime.log.info({ namespace, name, basis, cause, history: facts.primary?.replicationId, nodes }, 'Promoting')
}

/** Everything is lost only when it still is a moment later: to give up data is not urgent. */
const confirmed = (runtime: StoreRuntime, store: ReadSessionStore, decision: Decision): Decision => {
  const gone = decision.act === 'promote' && decision.basis === 'Empty'
  const sinceMs = runtime.silences.note(`sessions of ${storeUid(store)}`, gone)
  if (!gone || sinceMs >= confirmMs) return decision
  return {
    act: 'wait',
    reason: 'NoCandidate',
    message: `${decision.cause}, and no node has its sessions: looking again`,
  }
}

const changeOf = (runtime: StoreRuntime, facts: Facts, { basis, cause, node }: Decision & { act: 'promote' }) => {
  const known = facts.primary && runtime.offsets.get(facts.primary.runId)
  return {
    basis,
    cause,
    planned: false,
    knownOffset: basis === 'Replica' ? known?.offset : undefined,
    ...loss(basis, node.info?.replication, {
      known,
      termMs: runtime.clock.now().getTime() - Date.parse(facts.primary?.change.at ?? ''),
      silentMs: facts.nodes.find(({ uid }) => uid === facts.primary?.pod)?.silentMs ?? 0,
      nowMs: runtime.clock.monotonicMs(),
    }),
  }
}

/** Promotes what is written down, and shows the node as it is then. */
const finish = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  engine: ResolvedEngine,
  node: AnsweringNode,
  fenced: boolean,
  signal: AbortSignal,
): Promise<Settled> => {
  const done = await finishTerm(runtime, store, engine, node, fenced, signal)
  const info = { ...node.state.info, role: 'primary' as const }
  return { primary: { ...node, state: { ...node.state, info } }, store: done }
}

/** Takes a silent primary its replicas: one that still runs, and cannot be reached, acknowledges no write from then on. */
const isolate = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  nodes: readonly StoreNode[],
  signal: AbortSignal,
): Promise<void> => {
  const { primary } = store.status ?? {}
  if (!primary) return
  const following = nodes.filter((node) => answers(node)).filter(({ state }) => isToBeCut(state))
  if (following.length === 0 && runtime.silences.isolatedMs(primary.runId) !== undefined) return
  try {
    await Promise.all(following.map(({ state }) => state.connection.call(cutLink, { signal })))
    runtime.silences.isolate(primary.runId)
  } catch (error) {
    // One that did not take it may still follow the primary: the time begins when all are cut.
    if (!isRedisError(error)) throw error
  }
}
