import type { SessionStoreSpec } from '../../api/session-store.ts'
import { matchesLabels, type LabelSelector } from '../../kubernetes/selector.ts'

/** A pod as far as NetworkPolicies look at it. */
export interface PeerPod {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

/** `unknown`: a selector asks for labels of the namespace that we may not read. */
export type Verdict = 'declared' | 'undeclared' | 'unknown'

/** The one label of every namespace that is known by its name alone (KEP-2161). */
const nameLabel = 'kubernetes.io/metadata.name'

/** Whether the NetworkPolicy of a store lets a pod in: the rules of NetworkPolicyPeer. */
export const isDeclared = (clients: SessionStoreSpec['clients'], storeNamespace: string, pod: PeerPod): Verdict => {
  let verdict: Verdict = 'undeclared'
  for (const { podSelector, namespaceSelector } of clients.flatMap(({ from }) => from)) {
    if (podSelector && !matchesLabels(podSelector, pod.labels)) continue
    const there = namespaceSelector
      ? matchesNamespace(namespaceSelector, pod.namespace)
      : pod.namespace === storeNamespace
    if (there === true) return 'declared'
    if (there === undefined) verdict = 'unknown'
  }
  return verdict
}

/** Undefined: its other labels would have to be read. */
const matchesNamespace = (selector: LabelSelector, namespace: string): boolean | undefined => {
  const keys = [...Object.keys(selector.matchLabels ?? {}), ...(selector.matchExpressions ?? []).map(({ key }) => key)]
  const known = { [nameLabel]: namespace }
  if (keys.every((key) => key === nameLabel)) return matchesLabels(selector, known)
  const { [nameLabel]: name } = selector.matchLabels ?? {}
  return name !== undefined && name !== namespace ? false : undefined
}
