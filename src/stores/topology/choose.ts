import type { Basis, Decision, Facts, NodeFacts } from './facts.ts'

/**
 * Chooses a new primary: by term, history and offset. An empty node, or one that was taking over the whole data, is never chosen while a full
 * one may be there: then the answer is to wait, or to say what is out of reach.
 */
export const choose = (facts: Facts, cause: string): Decision => {
  const { primary, nodes } = facts
  const full = nodes.filter(({ state, info }) => state === 'answering' && info && !info.loading && !isSyncing(info))
  const promote = (node: NodeFacts, basis: Basis): Decision => ({ act: 'promote', node, basis, cause })

  const [newest] = withHistory(full, primary?.replicationId)
  if (newest) return promote(newest, 'Replica')

  const silent = nodes.filter(({ state }) => state === 'silent')
  const [first] = silent
  if (first) {
    const names = silent.map(({ name, uid }) => `${name} (${uid})`).join(', ')
    const message = `${capitalized(cause)}, and no node that answers has its sessions. ${names} may have them and cannot be reached: bring it back. When it is known to have ended, say so: kubectl annotate sessionstore <name> sessionstore.dev/gone-pods=${first.uid}`
    return { act: 'stop', reason: 'NoCandidate', message }
  }
  const [earlier] = withHistory(full, primary?.earlierReplicationId)
  if (earlier) return promote(earlier, 'EarlierHistory')

  const coming = nodes.find(({ state, info, mayHaveFile }) => info?.loading || (state !== 'answering' && mayHaveFile))
  if (coming) {
    const message = `${capitalized(cause)}. Waiting for ${coming.name}, which may have a file with the sessions`
    return { act: 'wait', reason: 'WaitingForData', message }
  }
  const [loaded] = full
    .filter(({ info }) => (info?.keyspace.keys ?? 0) > 0)
    .toSorted(
      (a, b) =>
        Number(b.uid === primary?.pod) - Number(a.uid === primary?.pod) ||
        (b.info?.keyspace.keys ?? 0) - (a.info?.keyspace.keys ?? 0),
    )
  if (loaded) return promote(loaded, 'Disk')

  const [empty] = full.filter(({ leaving }) => !leaving).toSorted((a, b) => a.ordinal - b.ordinal)
  if (empty) return promote(empty, 'Empty')
  return { act: 'wait', reason: 'NoCandidate', message: `${capitalized(cause)}. Waiting for a pod to run` }
}

const isSyncing = ({ role, replication }: NonNullable<NodeFacts['info']>): boolean =>
  role === 'replica' && replication.syncing

/** Nodes of one history, the best first. One that leaves is no good choice, but better than none. */
const withHistory = (nodes: readonly NodeFacts[], history: string | undefined): readonly NodeFacts[] =>
  nodes
    .filter(({ info }) => history !== undefined && info?.replication.id === history)
    .toSorted(
      (a, b) =>
        Number(a.leaving) - Number(b.leaving) ||
        (b.info?.replication.offset ?? 0) - (a.info?.replication.offset ?? 0) ||
        a.ordinal - b.ordinal,
    )

const capitalized = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`
