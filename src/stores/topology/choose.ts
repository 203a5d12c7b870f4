import { deadAddress } from '../../redis/config.ts'
import type { Basis, Decision, Facts, NodeFacts } from './facts.ts'

/** A node that was silent for less is asked again before a person is, in ms. */
const askAgainMs = 3_000

/**
 * Chooses a new primary: by term, history and offset. An empty node, or one that is reading another's data, is never chosen while a full
 * one may be there: then the answer is to wait, or to say what is out of reach.
 */
export const choose = (facts: Facts, cause: string): Decision => {
  const { primary, nodes } = facts
  // One that asks for the whole data still has its own until it begins to read the other (`loading`); its id and offset say which that is.
  const full = nodes.filter(({ state, info }) => state === 'answering' && info && !info.loading)
  const promote = (node: NodeFacts, basis: Basis): Decision => ({ act: 'promote', node, basis, cause })
  const Cause = capitalized(cause)

  // Promoted by hand while no operator was there (docs/runbook.md): it went on where the others have stopped.
  const promoted = full.find(
    ({ info }) =>
      info?.role === 'primary' &&
      primary?.replicationId !== undefined &&
      info.replication.earlierId === primary.replicationId,
  )
  if (promoted) return promote(promoted, 'Replica')

  const mayCome = ({ state, info, mayHaveFile }: NodeFacts) =>
    info?.loading === true || (state !== 'answering' && mayHaveFile)
  // By its process, or by its files.
  const lasts = nodes.filter(({ uid, name, onClaim }) => uid === primary?.pod || (onClaim && name === primary?.target))
  const last = lasts.find((node) => mayCome(node)) ?? lasts.find((node) => full.includes(node)) ?? lasts[0]

  const [newest] = withHistory(full, primary?.replicationId)
  // A snapshot says how far it had come. That of the last primary is as new or newer.
  const isOlder = newest && hasOnlyRead(newest) && last && last !== newest && mayCome(last)
  if (newest && !isOlder) return promote(newest, 'Replica')

  const silent = nodes.filter(({ state }) => state === 'silent')
  const [first] = silent
  const fresh = silent.find(({ silentMs }) => silentMs < askAgainMs)
  if (fresh) return { act: 'wait', reason: 'NoCandidate', message: `${Cause}. Waiting for ${fresh.name} to answer` }
  if (first) {
    const names = silent.map(({ name, uid }) => `${name} (${uid})`).join(', ')
    const message = `${Cause}, and no node that answers has its sessions. ${names} may have them and cannot be reached: bring it back. When it is known to have ended, say so: kubectl annotate sessionstore <name> sessionstore.dev/gone-pods=${first.uid}`
    return { act: 'stop', reason: 'NoCandidate', message }
  }
  const wait = ({ name, onClaim }: NodeFacts): Decision => ({
    act: 'wait',
    reason: 'WaitingForData',
    message: `${Cause}. Waiting for ${name}, which may have a file with the sessions${onClaim ? '. When its volume is lost for good, delete its claim and its pod' : ''}`,
  })
  // The file of the last primary is newer than what follows the one before it.
  if (last && mayCome(last)) return wait(last)
  if (last && full.includes(last) && keys(last) > 0) return promote(last, 'Disk')

  const [earlier] = withHistory(full, primary?.earlierReplicationId)
  if (earlier) return promote(earlier, 'EarlierHistory')

  const coming = nodes.find((node) => mayCome(node))
  if (coming) return wait(coming)
  const [loaded] = full.filter((node) => keys(node) > 0).toSorted((a, b) => keys(b) - keys(a))
  if (loaded) return promote(loaded, 'Disk')

  const [empty] = full.filter(({ leaving }) => !leaving).toSorted((a, b) => a.ordinal - b.ordinal)
  if (empty) return promote(empty, 'Empty')
  return { act: 'wait', reason: 'NoCandidate', message: `${Cause}. Waiting for a pod to run` }
}

/** True of a process that has never had a primary: what it has, it has from its own file. */
const hasOnlyRead = ({ info }: NodeFacts): boolean =>
  info?.role === 'replica' &&
  info.replication.primaryHost === deadAddress[0] &&
  info.replication.lastIoSeconds === undefined

const keys = ({ info }: NodeFacts): number => info?.keyspace.keys ?? 0

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
