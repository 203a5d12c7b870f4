import type { ReadSessionStore } from '../../api/resources.ts'

/** Replicas of a Replicated store that says no number: with two, writes stay safe while one of them is away. */
const defaultReplicas = 2

export const isReplicated = (store: ReadSessionStore): boolean => store.spec.topology.mode === 'Replicated'

/** How many replicas a store asks for; none when it is Standalone. */
export const wantedReplicas = (store: ReadSessionStore): number =>
  isReplicated(store) ? (store.spec.topology.replicas ?? defaultReplicas) : 0
