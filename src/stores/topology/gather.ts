import type { ReadSessionStore } from '../../api/resources.ts'
import type { StoreNode } from '../observe.ts'
import { hasStarted, isLeaving } from '../pod-state.ts'
import type { Facts, NodeFacts } from './facts.ts'
import { wantedReplicas } from './replicas.ts'
import type { Silences } from './silences.ts'

/** What a decision about the primary rests on, from what was observed. */
export const gather = (store: ReadSessionStore, nodes: readonly StoreNode[], silences: Silences): Facts => {
  const { primary } = store.status ?? {}
  const replicas = wantedReplicas(store)
  return {
    primary,
    replicas,
    nodes: nodes.map((node) => nodeFacts(store, node, replicas, silences)),
    isolatedMs: primary && silences.isolatedMs(primary.runId),
  }
}

const nodeFacts = (store: ReadSessionStore, node: StoreNode, replicas: number, silences: Silences): NodeFacts => {
  const { name, uid, ordinal, pod, onClaim, state } = node
  const keptFile =
    store.status?.nodes?.some(
      (entry) => entry.pod === uid && (entry.appendOnlyFile === true || entry.snapshotFile === true),
    ) ?? false
  return {
    name,
    uid,
    ordinal,
    leaving: pod === undefined || isLeaving(pod) || ordinal > replicas,
    state: state.is,
    silentMs: silences.note(uid, state.is === 'silent'),
    onClaim,
    mayHaveFile: onClaim ? mayRead(store, node) : keptFile && pod !== undefined && hasStarted(pod) && !isLeaving(pod),
    info: state.is === 'answering' ? state.info : undefined,
  }
}

/** Of claims that a pod will read. Before the first primary nobody has written to one where Redis never ran: then it holds up nobody. */
const mayRead = ({ status }: ReadSessionStore, { pod, state }: StoreNode): boolean =>
  pod === undefined ? state.is === 'starting' : status?.primary !== undefined || hasStarted(pod)
