import type { ReadSessionStore } from '../../api/resources.ts'
import { podDisruptionBudgets, type PodDisruptionBudget } from '../../kubernetes/kinds.ts'
import { objectNames, ownedMetadata, selectorLabels, storeName } from '../names.ts'
import type { Desired } from './desired.ts'

/** One pod at a time may be drained. A Standalone store has none: it would only keep its node from being drained. */
export const podDisruptionBudget = (store: ReadSessionStore): Desired<PodDisruptionBudget> => ({
  resource: podDisruptionBudgets,
  object: {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: ownedMetadata(store, objectNames(storeName(store)).podDisruptionBudget),
    spec: { maxUnavailable: 1, selector: { matchLabels: selectorLabels(store) } },
  },
})
