import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boundMs, decide, suspectMs } from './decide.ts'
import type { Decision, Facts, NodeFacts } from './facts.ts'
import {
  anyFacts,
  earlierHistory,
  empty,
  factsOf,
  history,
  loaded,
  mute,
  record,
  replica,
  otherHistory,
} from './testing/nodes.ts'

/** A decision in a few words: `promote web-1 Replica`, `wait Starting`. */
const long = { silentMs: 60_000 }
const say = (decision: Decision): string => {
  if ('basis' in decision) return `promote ${decision.node.name} ${decision.basis}`
  return `${decision.act} ${'node' in decision ? decision.node.name : decision.reason}`
}
const messageOf = (decision: Decision): string => ('message' in decision ? decision.message : '')
const causeOf = (decision: Decision): string => ('cause' in decision ? decision.cause : '')

type Row = readonly [sentence: string, nodes: readonly NodeFacts[], decision: string, change?: Partial<Facts>]
const each = (rows: readonly Row[], common: Partial<Facts> = {}) =>
  test.each(rows.map(([sentence, nodes, decision, change = common]) => ({ sentence, nodes, decision, change })))(
    '$sentence',
    ({ nodes, decision, change }) => {
      expect(say(decide(factsOf(nodes, change)))).toBe(decision)
    },
  )

const none = { primary: undefined }
const primary = (role: 'primary' | 'replica') => replica(0, 900, { info: { role } })
const follower = replica(1, 900)
/** The pod of the primary of record, with another process that waits behind its gate. */
const restarted = empty(0, { info: { runId: 'later' } })
const further = replica(1, 990)
const claimed = { onClaim: true, mayHaveFile: true }
/** It has read a snapshot, which says whose history it is and how far it goes, and has followed nobody since. */
const onlyRead = (ordinal: number, offset: number, more: Partial<NodeFacts> = {}) =>
  replica(ordinal, offset, {
    info: { replication: { lastIoSeconds: undefined } },
    ...claimed,
    uid: more.uid ?? `pod-${ordinal}`,
  })
const leaving = { leaving: true }
const loading = { info: { loading: true } }
const syncing = { info: { replication: { syncing: true } } }
/** It hears from the primary, as its link says. */
const hearing = (lastIoSeconds = 1, id: string = history, ordinal = 1) =>
  replica(ordinal, 900, { info: { replication: { id, linkUp: true, lastIoSeconds } } })
const earlier = (ordinal: number, offset: number) =>
  replica(ordinal, offset, { info: { replication: { id: earlierHistory } } })

describe('without a primary of record', () => {
  each(
    [
      ['a fresh store gets its first pod', [empty(2), empty(0), empty(1)], 'promote web-0 First'],
      [
        'the pod of a former Standalone is it, whatever its number',
        [empty(0), loaded(1, 5, { info: { role: 'primary' } }), loaded(2, 9)],
        'promote web-1 First',
      ],
      ['of replicas the fullest is it', [loaded(0, 5), loaded(1, 9), empty(2)], 'promote web-1 First'],
      ['a pod that is silent is waited for', [empty(0), mute(1, 'silent')], 'wait Starting'],
      ['a pod that reads its file is waited for', [empty(0), empty(1, loading)], 'wait Starting'],
      ['a pod that has not started yet is not waited for', [mute(0, 'starting'), empty(1)], 'promote web-1 First'],
      ['among equals a pod that leaves is not it', [empty(0, leaving), empty(1)], 'promote web-1 First'],
      ['no pod that runs is waited for', [mute(0, 'starting')], 'wait Starting'],
      ['no pod at all is waited for', [], 'wait Starting'],
    ],
    none,
  )

  test('the pod that is waited for is named', () => {
    expect(messageOf(decide(factsOf([empty(0), mute(1, 'silent')], none)))).toContain('web-1')
  })
})

describe('while the primary of record answers', () => {
  const unfinished = { primary: record({ current: 'web-2' }) }
  each([
    ['it serves', [primary('primary'), follower], 'serve web-0'],
    ['it serves while its pod is being deleted', [{ ...primary('primary'), leaving: true }], 'serve web-0'],
    ['it serves though a replica is silent', [primary('primary'), mute(1, 'silent')], 'serve web-0'],
    ['a promotion that was not told yet is finished', [primary('primary')], 'finish web-0', unfinished],
    [
      'one that was not carried out is finished, though another is further',
      [primary('replica'), further],
      'finish web-0',
      unfinished,
    ],
    [
      'it is finished though the one before is silent',
      [primary('replica'), mute(2, 'silent')],
      'finish web-0',
      unfinished,
    ],
    [
      'one whose target has died goes to who has the history',
      [mute(0, 'gone'), follower],
      'promote web-1 Replica',
      unfinished,
    ],
    ['one whose target has restarted goes to a replica', [restarted, follower], 'promote web-1 Replica', unfinished],
  ])
})

describe('when the primary is gone', () => {
  const gone = mute(0, 'gone')
  each([
    ['the furthest replica is promoted', [gone, follower, replica(2, 901)], 'promote web-2 Replica'],
    ['of two as far the lower number is', [gone, replica(2, 900), follower], 'promote web-1 Replica'],
    ['one that leaves is chosen last', [gone, follower, replica(2, 990, leaving)], 'promote web-1 Replica'],
    ['one that leaves is better than none', [gone, empty(1), replica(2, 990, leaving)], 'promote web-2 Replica'],
    ['a full one does not wait for a silent one', [gone, follower, mute(2, 'silent')], 'promote web-1 Replica'],
    [
      "one that reads another's data is no candidate",
      [gone, replica(1, 990, loading), replica(2, 800)],
      'promote web-2 Replica',
    ],
    [
      'one that asks for the whole data still has its own',
      [gone, replica(1, 990, syncing), replica(2, 800)],
      'promote web-1 Replica',
    ],
    // Valkey 9.1.2 says `master_sync_in_progress:1` with all its data each time it tries SYNC on a primary behind its gate (measured).
    [
      'replicas that ask a gated primary in vain are not passed by',
      [restarted, replica(1, 900, syncing), replica(2, 901, syncing)],
      'promote web-2 Replica',
    ],
    ['one that reads its data is waited for', [gone, replica(1, 990, loading), empty(2)], 'wait WaitingForData'],
    ['one that restarted empty is not promoted', [restarted, follower], 'promote web-1 Replica'],
    [
      'one that became a replica is promoted again when it is the furthest',
      [primary('replica'), replica(1, 800)],
      'promote web-0 Replica',
    ],
    ['one that became a replica gives way to one further', [primary('replica'), further], 'promote web-1 Replica'],
    ['a silent node may have the sessions', [gone, empty(1), mute(2, 'silent', long)], 'stop NoCandidate'],
    [
      'a replica that a person has promoted goes before one that is in the history of before',
      [
        gone,
        replica(1, 500),
        replica(2, 90, { info: { role: 'primary', replication: { id: otherHistory, earlierId: history } } }),
      ],
      'promote web-2 Replica',
    ],
    ['a node that missed one question is asked again first', [gone, empty(1), mute(2, 'silent')], 'wait NoCandidate'],
    ['with nothing silent, the earlier history does', [gone, empty(1), earlier(2, 5)], 'promote web-2 EarlierHistory'],
    [
      'the earlier history does not while one is silent',
      [gone, mute(1, 'silent', long), earlier(2, 5)],
      'stop NoCandidate',
    ],
    [
      'the recorded history goes before the earlier one',
      [gone, earlier(1, 990), replica(2, 5)],
      'promote web-2 Replica',
    ],
    ['with all lost an empty node begins anew', [gone, empty(2), empty(1)], 'promote web-1 Empty'],
    ['with all lost one that leaves begins nothing', [gone, empty(1, leaving)], 'wait NoCandidate'],
    ['no pod that runs is waited for', [gone, mute(1, 'starting')], 'wait NoCandidate'],
    [
      'a container that starts again may have a file',
      [mute(0, 'gone', { mayHaveFile: true }), empty(1)],
      'wait WaitingForData',
    ],
    [
      'a pod that starts may have a file',
      [gone, empty(1), mute(2, 'starting', { mayHaveFile: true })],
      'wait WaitingForData',
    ],
    [
      "the former primary's file goes before a fuller one",
      [loaded(0, 5, { info: { runId: 'later' } }), loaded(1, 9)],
      'promote web-0 Disk',
    ],
    ['of other files the fullest is read', [gone, loaded(1, 5), loaded(2, 9)], 'promote web-2 Disk'],
    [
      'a later pod of its name is not preferred',
      [loaded(0, 5, { uid: 'pod-0-later' }), loaded(1, 9)],
      'promote web-1 Disk',
    ],
    [
      'but it is when it has the same claim',
      [loaded(0, 5, { uid: 'pod-0-later', onClaim: true }), loaded(1, 9, { onClaim: true })],
      'promote web-0 Disk',
    ],
    [
      "the claim of the last primary is waited for while others' files are there",
      [mute(0, 'starting', { uid: 'claim-of-web-0', ...claimed }), loaded(1, 9, claimed)],
      'wait WaitingForData',
    ],
    [
      'another one that was only read is as old or older, whatever it says of itself',
      [mute(0, 'starting', { uid: 'pod-0-later', ...claimed }), onlyRead(1, 990)],
      'wait WaitingForData',
    ],
    [
      'of two that were only read the further one is it',
      [onlyRead(0, 995, { uid: 'pod-0-later' }), onlyRead(1, 990)],
      'promote web-0 Replica',
    ],
    [
      'one that has followed the last primary waits for no file',
      [mute(0, 'starting', { uid: 'pod-0-later', ...claimed }), { ...further, ...claimed }],
      'promote web-1 Replica',
    ],
    [
      'a claim that is given up is not waited for',
      [mute(0, 'starting', { uid: 'pod-0-later' }), onlyRead(1, 990)],
      'promote web-1 Replica',
    ],
  ])

  test.each([
    ['ended', mute(0, 'gone')],
    ['ended', mute(0, 'starting')],
    ['restarted', restarted],
    ['had become a replica', primary('replica')],
  ])('the record says that the primary web-0 %s', (words, node) => {
    expect(causeOf(decide(factsOf([node, further])))).toBe(`the primary web-0 ${words}`)
  })

  test('a primary whose node nobody lists has ended', () => {
    expect(causeOf(decide(factsOf([follower])))).toBe('the primary web-0 ended')
  })

  test('every silent node is named, and how to say that it has ended', () => {
    const message = messageOf(decide(factsOf([gone, mute(1, 'silent', long), mute(2, 'silent', long)])))
    expect(message).toContain('The primary web-0 ended')
    expect(message).toContain('web-1 (pod-1), web-2 (pod-2)')
    expect(message).toContain('sessionstore.dev/gone-pods=pod-1')
  })
})

describe('while the primary is silent', () => {
  const silent = (silentMs = suspectMs) => mute(0, 'silent', { silentMs })
  const cut = [silent(), follower]
  const alone = { primary: record({ bounded: false }) }
  const one = { ...alone, replicas: 1 }
  each([
    ['nothing is done while a replica hears it', [silent(60_000), hearing()], 'wait PrimaryUnreachable'],
    ['a replica that hears it goes before everything', [silent(60_000), hearing()], 'wait PrimaryUnreachable', alone],
    [
      'a link that is down is no hearing',
      [silent(), replica(1, 900, { info: { replication: { lastIoSeconds: 1 } } })],
      'isolate PrimaryUnreachable',
    ],
    ['a link that is up and says nothing is no hearing', [silent(), hearing(3)], 'isolate PrimaryUnreachable'],
    ['a link of another history is no hearing', [silent(), hearing(1, earlierHistory)], 'isolate PrimaryUnreachable'],
    ['nothing is done while it is not long enough', [silent(suspectMs - 1), follower], 'wait PrimaryUnreachable'],
    ['one that may acknowledge alone is left alone', cut, 'stop PrimaryUnreachable', alone],
    [
      'one that nobody knows to be bound is left alone',
      cut,
      'stop PrimaryUnreachable',
      { primary: record({ bounded: undefined }) },
    ],
    ['one with a single replica is cut off', cut, 'isolate PrimaryUnreachable', one],
    ['one that is bound is cut off', cut, 'isolate PrimaryUnreachable'],
    [
      'nobody is promoted before it can acknowledge no write',
      cut,
      'isolate PrimaryUnreachable',
      { isolatedMs: boundMs - 1 },
    ],
    ['a replica is promoted when it can acknowledge no write', cut, 'promote web-1 Replica', { isolatedMs: boundMs }],
    ['a single replica is promoted after the same time', cut, 'promote web-1 Replica', { ...one, isolatedMs: boundMs }],
    [
      'an empty node is not promoted when it can acknowledge no write',
      [silent(), empty(1)],
      'stop NoCandidate',
      { isolatedMs: boundMs },
    ],
  ])

  test('who hears it is named', () => {
    expect(messageOf(decide(factsOf([silent(), hearing()])))).toContain('but web-1 does: nothing is changed')
  })

  test('one that may acknowledge alone is named, and how to say that it has ended', () => {
    const message = messageOf(decide(factsOf(cut, alone)))
    expect(message).toContain('the primary web-0')
    expect(message).toContain('kubectl annotate sessionstore <name> sessionstore.dev/gone-pods=pod-0')
  })

  test('the record says that it cannot be reached', () => {
    expect(causeOf(decide(factsOf(cut, { isolatedMs: boundMs })))).toBe('the primary web-0 cannot be reached')
  })
})

describe('whatever is true', () => {
  const check = (property: (decision: Decision, facts: Facts) => void) =>
    fc.assert(
      fc.property(anyFacts, (facts) => property(decide(facts), facts)),
      { numRuns: 5_000 },
    )

  test('nobody is promoted who does not answer, or reads data', () => {
    check((decision) => {
      if (decision.act !== 'promote') return
      const { state, info } = decision.node
      expect({ state, loading: info?.loading }).toEqual({ state: 'answering', loading: false })
    })
  })

  test('no empty node is promoted while another has the recorded history, or is silent', () => {
    check((decision, { primary, nodes }) => {
      if (decision.act !== 'promote' || !primary || decision.node.info?.keyspace.keys !== 0) return
      if ([history, earlierHistory].includes(decision.node.info.replication.id as typeof history)) return
      const better = nodes.filter(({ state, info }) => state === 'silent' || info?.replication.id === history)
      expect(better).toEqual([])
    })
  })

  test('only the process of record serves, or has its promotion finished', () => {
    check((decision, { primary }) => {
      if (decision.act !== 'serve' && decision.act !== 'finish') return
      const { uid, info } = decision.node
      expect({ pod: uid, runId: info?.runId }).toEqual({ pod: primary?.pod, runId: primary?.runId })
    })
  })
})

describe('a full node is not passed by, and a primary that may acknowledge is not replaced', () => {
  test.each([
    [
      'without a record a full pod that leaves is not passed by for an empty one',
      factsOf([loaded(0, 9, { leaving: true, info: { role: 'primary' } }), empty(1)], none),
    ],
    [
      'without a record a pod that starts, and may have a file, is waited for',
      factsOf([mute(0, 'starting', { mayHaveFile: true }), empty(1)], none),
    ],
  ])('%s', (_sentence, facts) => {
    const decision = decide(facts)
    expect(decision.act === 'promote' && decision.node.info?.keyspace.keys === 0).toBe(false)
  })

  // `min-replicas-to-write 1`: with one replica that the operator did not cut, the primary acknowledges on and on.
  test.each([
    ['may still follow it, for all that is known', mute(2, 'silent', { silentMs: 60_000 })],
    ['was not there to be cut off, and hears it', hearing(1, history, 2)],
  ])('a bound primary that is silent is not replaced while a replica %s', (_which, other) => {
    const nodes = [mute(0, 'silent', { silentMs: 60_000 }), follower, other]
    expect(decide(factsOf(nodes, { isolatedMs: boundMs })).act).not.toBe('promote')
  })
})
