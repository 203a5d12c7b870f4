import { deadAddress, maxLagSeconds } from '../../redis/config.ts'
import { choose } from './choose.ts'
import type { Decision, Facts, NodeFacts } from './facts.ts'

/** A primary that has been silent for this long is taken for lost, in ms: a restart of its network, or a long script, is not. */
export const suspectMs = 3_000
/**
 * Time in which a primary that lost its replicas stops acknowledging writes, in ms: `min-replicas-max-lag`, and up to two seconds more, since
 * Redis counts in whole seconds and looks once a second (refreshGoodSlavesCount in src/replication.c).
 */
export const boundMs = (maxLagSeconds + 2) * 1_000

/** A replica has heard from its primary when it did so within this many seconds; the primary sends something every second. */
const heardSeconds = 3

type Guard = (facts: Facts) => Decision | undefined

/** Decides who is the primary. The first guard that has something to say decides; each is a sentence about one situation. */
export const decide = (facts: Facts): Decision => {
  for (const guard of [noPrimaryYet, primaryServes, promotionIsUnfinished, primaryIsSilent]) {
    const decision = guard(facts)
    if (decision) return decision
  }
  return choose(facts, causeOf(facts))
}

const targetOf = ({ primary, nodes }: Facts): NodeFacts | undefined => nodes.find(({ uid }) => uid === primary?.pod)

const isSameProcess = (node: NodeFacts, { primary }: Facts): boolean => node.info?.runId === primary?.runId

const noPrimaryYet: Guard = ({ primary, nodes }) => {
  if (primary) return undefined
  const busy = nodes.find(
    ({ state, info, mayHaveFile }) => state === 'silent' || info?.loading || (state !== 'answering' && mayHaveFile),
  )
  if (busy) return { act: 'wait', reason: 'Starting', message: `Waiting for ${busy.name} to answer` }
  // A store that was Standalone, or whose status was lost, has a primary, or sessions: nothing is as good, whatever becomes of its pod.
  const [first] = nodes
    .filter(({ state }) => state === 'answering')
    .toSorted(
      (a, b) =>
        rank(b) - rank(a) || keys(b) - keys(a) || Number(a.leaving) - Number(b.leaving) || a.ordinal - b.ordinal,
    )
  if (!first) return { act: 'wait', reason: 'Starting', message: 'Waiting for a pod to run' }
  return { act: 'promote', node: first, basis: 'First', cause: 'the store had no primary yet' }
}

const rank = ({ info }: NodeFacts): number => (info?.role === 'primary' ? 1 : 0)
const keys = ({ info }: NodeFacts): number => info?.keyspace.keys ?? 0

const primaryServes: Guard = (facts) => {
  const node = targetOf(facts)
  const serves = node?.state === 'answering' && isSameProcess(node, facts) && node.info?.role === 'primary'
  if (!serves) return undefined
  return { act: facts.primary?.current === facts.primary?.target ? 'serve' : 'finish', node }
}

/** Whoever wrote this term down had seen to it that nobody else acknowledges writes; until it is finished, nobody does. */
const promotionIsUnfinished: Guard = (facts) => {
  const node = targetOf(facts)
  if (facts.primary?.current === facts.primary?.target) return undefined
  if (node?.state !== 'answering' || !isSameProcess(node, facts)) return undefined
  return { act: 'finish', node }
}

const primaryIsSilent: Guard = (facts) => {
  const { primary, nodes, replicas, isolatedMs } = facts
  const node = targetOf(facts)
  if (!primary || node?.state !== 'silent') return undefined
  const reason = 'PrimaryUnreachable'
  const who = `the primary ${node.name}`
  const hears = nodes.find(
    ({ info }) =>
      info !== undefined &&
      info.replication.id === primary.replicationId &&
      info.replication.linkUp &&
      (info.replication.lastIoSeconds ?? heardSeconds) < heardSeconds,
  )
  if (hears) {
    const message = `The operator cannot reach ${who}, but ${hears.name} does: nothing is changed. Look at the network between the operator and the pod.`
    return { act: 'wait', reason, message }
  }
  if (node.silentMs < suspectMs) return { act: 'wait', reason, message: `Nobody reaches ${who}` }
  // With one replica, writes are never bound to it: the price is in the documentation of `replicas`.
  if (primary.bounded !== true && replicas > 1) {
    const message = `Nobody reaches ${who}, and it may acknowledge writes alone, so that a second primary would lose some. Bring it back; when it is known to have ended, say so: kubectl annotate sessionstore <name> sessionstore.dev/gone-pods=${node.uid}`
    return { act: 'stop', reason, message }
  }
  // The bound holds when nobody follows it any more: one that nobody reaches either may stand on its side.
  const other = nodes.find(({ uid, state }) => state === 'silent' && uid !== node.uid)
  if (other && replicas > 1) {
    const message = `Nobody reaches ${who}, nor ${other.name}, which may follow it: together they may acknowledge writes. Bring one back; when one is known to have ended, say so: kubectl annotate sessionstore <name> sessionstore.dev/gone-pods=${other.uid}`
    return { act: 'stop', reason, message }
  }
  if (isolatedMs === undefined || isolatedMs < boundMs || nodes.some((each) => isToBeCut(each))) {
    const message = `Nobody reaches ${who}: waiting until it can acknowledge no write any more`
    return { act: 'isolate', reason, message }
  }
  return undefined
}

/** True of a node that may follow a primary: its replica must be cut off, and the bound counts from then. */
export const isToBeCut = ({ info }: Pick<NodeFacts, 'info'>): boolean =>
  info?.role === 'replica' && info.replication.primaryHost !== deadAddress[0]

const causeOf = (facts: Facts): string => {
  const node = targetOf(facts)
  const name = facts.primary?.target ?? ''
  if (!node || node.state === 'gone' || node.state === 'starting') return `the primary ${name} ended`
  if (node.state === 'silent') return `the primary ${name} cannot be reached`
  return isSameProcess(node, facts) ? `the primary ${name} had become a replica` : `the primary ${name} restarted`
}
