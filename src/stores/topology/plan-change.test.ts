import { describe, expect, test } from 'vitest'
import type { Pod } from '../../kubernetes/kinds.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import { RedisError } from '../../redis/errors.ts'
import type { Replication } from '../../redis/info.ts'
import { rollHashAnnotation } from '../names.ts'
import type { AnsweringNode, StoreNode } from '../observe.ts'
import { followsPrimary, planChange, type ChangeFacts, type PlannedChange } from './plan-change.ts'
import { gatedInfo } from './testing/nodes.ts'

const now = new Date('2026-11-24T00:10:00Z')
const unused = (): never => {
  throw new Error('a plan asks nobody')
}
const connection: RedisConnection = {
  call: unused,
  callBinary: unused,
  listen: unused,
  transaction: unused,
  open: true,
  onClose: unused,
  close: unused,
}

interface PodChange {
  readonly hash?: string
  readonly leaving?: boolean
  /** For how long it has been ready, in ms; undefined: it is not. */
  readonly readyMs?: number | undefined
}

const podOf = (ordinal: number, { hash = 'new', leaving = false, ...more }: PodChange): Pod => {
  const readyMs = 'readyMs' in more ? more.readyMs : 60_000
  const lastTransitionTime = new Date(now.getTime() - (readyMs ?? 0)).toISOString()
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `web-${ordinal}`,
      annotations: { [rollHashAnnotation]: hash },
      ...(leaving ? { deletionTimestamp: now.toISOString() } : {}),
    },
    status: { conditions: [{ type: 'Ready', status: readyMs === undefined ? 'False' : 'True', lastTransitionTime }] },
  }
}

const answering = (ordinal: number, role: 'primary' | 'replica', pod: Pod | undefined, of: Partial<Replication>) => ({
  name: `web-${ordinal}`,
  uid: `pod-${ordinal}`,
  ordinal,
  pod,
  address: `10.0.0.${ordinal}`,
  onClaim: false,
  state: { is: 'answering', connection, info: gatedInfo({ role, replication: of }) } as const,
})
const primary = (ordinal: number, change: PodChange = {}): AnsweringNode =>
  answering(ordinal, 'primary', podOf(ordinal, change), { primaryHost: undefined })
/** A replica that follows web-0. */
const replica = (ordinal: number, change: PodChange = {}, of: Partial<Replication> = {}): AnsweringNode =>
  answering(ordinal, 'replica', podOf(ordinal, change), { linkUp: true, primaryHost: '10.0.0.0', offset: 900, ...of })
const byForce = (node: AnsweringNode): AnsweringNode => ({ ...node, pod: undefined })
const inState = (node: StoreNode, state: StoreNode['state']): StoreNode => ({ ...node, state })
const silent = { is: 'silent', error: new RedisError('unreachable', 'INFO', 'no answer') } as const

const plan = ([first, ...others]: readonly [AnsweringNode, ...StoreNode[]], change: Partial<ChangeFacts> = {}) =>
  planChange({ primary: first, nodes: [first, ...others], replicas: 2, rollHash: 'new', held: false, now, ...change })

/** A plan in a few words: `handOver web-1`, `wait`. */
const say = (planned: PlannedChange): string => {
  if (planned.next === 'handOver') return `handOver ${planned.to.name}`
  return planned.next === 'replace' ? `replace ${planned.node.name}` : planned.next
}
const messageOf = (planned: PlannedChange): string => ('message' in planned ? planned.message : '')

type Nodes = Parameters<typeof plan>[0]
interface Row {
  readonly sentence: string
  readonly nodes: Nodes
  readonly next: string
  readonly change?: Partial<ChangeFacts>
}
const each = (rows: readonly (readonly [Row['sentence'], Nodes, Row['next'], Row['change']?])[]) =>
  test.each(rows.map(([sentence, nodes, next, change = {}]) => ({ sentence, nodes, next, change })))(
    '$sentence',
    ({ nodes, next, change }) => {
      expect(say(plan(nodes, change))).toBe(next)
    },
  )

const old = { hash: 'old' }
const leaving = { leaving: true }
const held = { held: true }

/** Those that the spec has a place for, behind a primary that it has none for. */
const staying = [0, 1, 2].map((ordinal) => replica(ordinal, {}, { primaryHost: '10.0.0.3' }))

describe('a primary that goes', () => {
  each([
    ['hands over when its pod is deleted', [primary(0, leaving), replica(1), replica(2)], 'handOver web-1'],
    ['hands over when its pod was deleted by force', [byForce(primary(0)), replica(1)], 'handOver web-1'],
    ['hands over when the spec asks for fewer pods than it', [primary(3), ...staying], 'handOver web-0'],
    ['hands over though a flush holds writes', [primary(0, leaving), replica(1)], 'handOver web-1', held],
    ['hands over though a pod is missing', [primary(0, leaving), replica(2)], 'handOver web-2'],
    ['hands over before a replica is replaced', [primary(0, leaving), replica(1), replica(2, old)], 'handOver web-1'],
    [
      'hands over to the furthest',
      [primary(0, leaving), replica(1, {}, { offset: 900 }), replica(2, {}, { offset: 901 })],
      'handOver web-2',
    ],
    [
      'hands over to one that is as the spec wants it, before one that is further',
      [primary(0, leaving), replica(1, {}, { offset: 900 }), replica(2, old, { offset: 901 })],
      'handOver web-1',
    ],
    [
      'hands over to one that must be replaced, when there is no other',
      [primary(0, leaving), replica(1, old)],
      'handOver web-1',
    ],
    ['waits for a replica to follow', [primary(0, leaving), replica(1, {}, { linkUp: false })], 'wait'],
    ['does not hand over to one that leaves', [primary(0, leaving), replica(1, leaving)], 'wait'],
    ['does not hand over to one that was deleted by force', [primary(0, leaving), byForce(replica(1))], 'wait'],
    ['does not hand over to one that the spec does not want', [primary(0, leaving), replica(3)], 'wait'],
  ])

  test.each([
    ['its pod is being deleted', primary(0, leaving), 'the pod of web-0 is being deleted'],
    ['its pod was deleted by force', byForce(primary(0)), 'the pod of web-0 was deleted by force'],
  ])('says why: %s', (_why, node, cause) => {
    expect(plan([node, replica(1)])).toMatchObject({ next: 'handOver', cause })
    expect(messageOf(plan([node]))).toBe(`${cause}, and no replica follows it that could take over`)
  })

  test('says why: the spec asks for fewer pods', () => {
    expect(plan([primary(3), ...staying])).toMatchObject({
      next: 'handOver',
      cause: 'the spec asks for fewer pods than web-3',
    })
  })
})

describe('a change of the spec', () => {
  each([
    ['is nothing when every pod is as it wants', [primary(0), replica(1), replica(2)], 'nothing'],
    ['begins with the highest replica', [primary(0, old), replica(1, old), replica(2, old)], 'replace web-2'],
    ['goes on with the next one', [primary(0, old), replica(1, old), replica(2)], 'replace web-1'],
    ['ends with a handover', [primary(0, old), replica(1), replica(2)], 'handOver web-1'],
    [
      'replaces a primary of before like any replica',
      [primary(2), replica(0, old, { primaryHost: '10.0.0.2' }), replica(1, {}, { primaryHost: '10.0.0.2' })],
      'replace web-0',
    ],
    ['waits while writes are held', [primary(0, old), replica(1, old), replica(2, old)], 'nothing', held],
    ['hands nothing over while writes are held', [primary(0, old), replica(1), replica(2)], 'nothing', held],
    ['is nothing for a pod that goes already', [primary(0), replica(1), replica(2, { ...old, ...leaving })], 'nothing'],
    ['is nothing for a pod that nobody lists', [primary(0), replica(1), byForce(replica(2, old))], 'nothing'],
    [
      'waits for no pod whose clock is ahead',
      [primary(0, old), replica(1, old), replica(2, { readyMs: -5_000 })],
      'replace web-1',
    ],
    [
      'goes on when all have been ready for three seconds',
      [primary(0, old), replica(1, old), replica(2, { readyMs: 3_000 })],
      'replace web-1',
    ],
  ])

  const oldPair = [primary(0, old), replica(1, old)] as const
  test.each([
    ['a pod that is missing', oldPair, 'there are 2 of 3 pods'],
    ['a pod that leaves', [...oldPair, replica(2, leaving)], 'there are 2 of 3 pods'],
    ['a pod that was deleted by force', [...oldPair, byForce(replica(2))], 'there are 2 of 3 pods'],
    ['a link that is down', [...oldPair, replica(2, {}, { linkUp: false })], 'web-2 does not follow the primary yet'],
    ['a replica that takes over the data', [...oldPair, replica(2, {}, { syncing: true })], 'web-2 does not follow'],
    ['a replica of another one', [...oldPair, replica(2, {}, { primaryHost: '10.0.0.1' })], 'web-2 does not follow'],
    ['a replica that is silent', [...oldPair, inState(replica(2), silent)], 'web-2 does not follow'],
    ['a replica that starts', [...oldPair, inState(replica(2), { is: 'starting' })], 'web-2 does not follow'],
    ['a pod that is not ready', [...oldPair, replica(2, { readyMs: undefined })], 'web-2 has just become ready'],
    ['a pod that has just become ready', [...oldPair, replica(2, { readyMs: 2_999 })], 'web-2 has just become ready'],
    [
      'a primary that has just become ready',
      [primary(0, { ...old, readyMs: 0 }), replica(1, old), replica(2)],
      'web-0 has just become ready',
    ],
  ] as readonly (readonly [string, Nodes, string])[])('waits for %s', (_sentence, nodes, words) => {
    const planned = plan(nodes)
    expect(planned.next).toBe('wait')
    expect(messageOf(planned)).toContain(words)
  })

  test('says how many pods are left', () => {
    expect(plan([primary(0, old), replica(1, old), replica(2)])).toMatchObject({ next: 'replace', left: 2 })
  })
})

test.each([
  ['a replica whose link is up follows', replica(1), true],
  ['a link that is down is no following', replica(1, {}, { linkUp: false }), false],
  ['one that takes over the data does not follow yet', replica(1, {}, { syncing: true }), false],
  ['one that follows another does not', replica(1, {}, { primaryHost: '10.0.0.2' }), false],
  ['another primary does not', answering(1, 'primary', undefined, { linkUp: true, primaryHost: '10.0.0.0' }), false],
  ['the primary does not follow itself', replica(0), false],
  ['one that does not answer does not', inState(replica(1), silent), false],
] as const)('%s', (_sentence, node, follows) => {
  expect(followsPrimary(node, primary(0))).toBe(follows)
})

describe('a roll that goes wrong', () => {
  test('a replica that its own outdated spec keeps from following is replaced', () => {
    const broken = inState(replica(2, { hash: 'bad', readyMs: undefined }), { is: 'gone', proof: 'OOMKilled' })
    expect(say(plan([primary(0, old), replica(1, old), broken]))).toBe('replace web-2')
  })

  test('a pod that the spec does not want does not stand in for one that is missing', () => {
    expect(say(plan([primary(0, old), replica(1, old), replica(3, old)]))).toBe('wait')
  })
})
