import * as fc from 'fast-check'
import type { PrimaryStatus } from '../../../api/session-store-status.ts'
import type { Info, Replication } from '../../../redis/info.ts'
import type { Facts, NodeFacts } from '../facts.ts'

/** The history that the primary of record has begun, the one before it, and one that nobody knows. */
export const [history, earlierHistory, otherHistory] = ['h2', 'h1', 'other'] as const

type InfoChange = Partial<Omit<Info, 'replication'>> & { readonly replication?: Partial<Replication> }
type NodeChange = Partial<Omit<NodeFacts, 'info'>> & { readonly info?: InfoChange }

/** What a Redis says that waits behind its gate: a replica of nobody, empty, of a history of its own. */
export const gatedInfo = ({ replication, ...more }: InfoChange = {}): Info => ({
  runId: 'run',
  engine: 'Redis',
  version: '8.0.2',
  role: 'replica',
  loading: false,
  usedMemoryBytes: 1_000_000,
  maxmemoryBytes: 100_000_000,
  maxmemoryPolicy: 'volatile-ttl',
  appendOnly: false,
  file: { appendFailed: false, rewriteFailed: false, snapshotFailed: false },
  evictedKeys: 0,
  asideKeys: 0,
  keyspace: { keys: 0, expires: 0 },
  replication: {
    id: otherHistory,
    earlierId: undefined,
    offset: 0,
    primaryHost: '127.0.0.1',
    linkUp: false,
    syncing: false,
    lastIoSeconds: undefined,
    onlineReplicas: [],
    ...replication,
  },
  ...more,
})

/** A node that answers, and holds nothing. */
export const empty = (ordinal: number, { info, ...more }: NodeChange = {}): NodeFacts => ({
  name: `web-${ordinal}`,
  uid: `pod-${ordinal}`,
  ordinal,
  leaving: false,
  state: 'answering',
  silentMs: 0,
  onClaim: false,
  mayHaveFile: false,
  info: gatedInfo({ runId: `run-${ordinal}`, ...info }),
  ...more,
})

/** A replica that has the recorded history, and whose link is down. */
export const replica = (ordinal: number, offset: number, { info, ...more }: NodeChange = {}): NodeFacts =>
  empty(ordinal, {
    ...more,
    info: {
      keyspace: { keys: 100, expires: 100 },
      ...info,
      replication: { id: history, offset, lastIoSeconds: 5, ...info?.replication },
    },
  })

/** A node that holds keys of a history that nobody knows: it has read its file. */
export const loaded = (ordinal: number, keys: number, more: NodeChange = {}): NodeFacts =>
  empty(ordinal, { ...more, info: { keyspace: { keys, expires: keys }, ...more.info } })

/** A node that says nothing. */
export const mute = (ordinal: number, state: NodeFacts['state'], more: NodeChange = {}): NodeFacts => ({
  ...empty(ordinal, { ...more, state }),
  info: undefined,
})

/** `web-0` is the primary of record, bound to its replicas. */
export const record = (change: Partial<PrimaryStatus> = {}): PrimaryStatus => ({
  term: 2,
  target: 'web-0',
  current: 'web-0',
  pod: 'pod-0',
  runId: 'run-0',
  replicationId: history,
  earlierReplicationId: earlierHistory,
  bounded: true,
  change: {
    cause: 'test',
    planned: false,
    at: '2026-11-24T00:00:00Z',
    basis: 'Replica',
    offset: 0,
    mayBeLostBytes: 0,
    mayBeLostSeconds: 0,
  },
  ...change,
})

/** What is known of a store that asks for two replicas, and whose primary of record is {@link record}. */
export const factsOf = (nodes: readonly NodeFacts[], change: Partial<Facts> = {}): Facts => ({
  primary: record(),
  nodes,
  replicas: 2,
  isolatedMs: undefined,
  ...change,
})

const anyNode = (ordinal: number): fc.Arbitrary<NodeFacts> =>
  fc
    .record({
      state: fc.constantFrom('answering', 'answering', 'answering', 'starting', 'gone', 'silent'),
      uid: fc.constantFrom(`pod-${ordinal}`, `pod-${ordinal}`, `pod-${ordinal}-later`),
      runId: fc.constantFrom(`run-${ordinal}`, `run-${ordinal}-later`),
      leaving: fc.boolean(),
      mayHaveFile: fc.boolean(),
      silentMs: fc.constantFrom(0, 2_999, 3_000, 60_000),
      role: fc.constantFrom('primary', 'replica'),
      loading: fc.boolean(),
      keys: fc.constantFrom(0, 0, 100),
      id: fc.constantFrom(history, earlierHistory, otherHistory),
      offset: fc.nat({ max: 3 }),
      linkUp: fc.boolean(),
      syncing: fc.boolean(),
      lastIoSeconds: fc.constantFrom(undefined, 0, 3),
    })
    .map(({ runId, role, loading, keys, id, offset, linkUp, syncing, lastIoSeconds, ...node }): NodeFacts => {
      const replication = { id, offset, linkUp, syncing, lastIoSeconds }
      if (node.state !== 'answering') return mute(ordinal, node.state, node)
      return empty(ordinal, { ...node, info: { runId, role, loading, keyspace: { keys, expires: keys }, replication } })
    })

const anyRecord: fc.Arbitrary<PrimaryStatus> = fc
  .record({ current: fc.constantFrom('web-0', 'web-0', 'web-1', ''), bounded: fc.boolean() })
  .map(record)

/** Whatever may be true of a store with up to four nodes. */
export const anyFacts: fc.Arbitrary<Facts> = fc.record({
  primary: fc.option(anyRecord, { nil: undefined, freq: 8 }),
  nodes: fc.subarray([0, 1, 2, 3]).chain((ordinals) => fc.tuple(...ordinals.map((ordinal) => anyNode(ordinal)))),
  replicas: fc.integer({ min: 1, max: 3 }),
  isolatedMs: fc.constantFrom(undefined, 0, 60_000),
})
