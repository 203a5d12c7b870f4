import { expect, test } from 'vitest'
import { isBehindRevocation } from './revocation.ts'
import { record } from './testing/nodes.ts'

/** The last flush deleted at byte 500 of the history `h2`, which a primary began that had followed `h1`. */
const marked = { status: { revocation: { flush: 'f', replicationId: 'h2', earlierReplicationId: 'h1', offset: 500 } } }
const unacknowledged = {
  status: {
    primary: record({ replicationId: 'h3', earlierReplicationId: 'h2' }),
    revocation: { ...marked.status.revocation, unacknowledged: ['pod-0'] },
  },
}
const first = { status: { revocation: { flush: 'f', replicationId: 'h2', offset: 500 } } }

test.each([
  ['before the first flush nobody is behind', { status: {} }, { id: 'h2', offset: 0 }, false],
  ['a store without a status has nobody behind', {}, { id: 'h2', offset: 0 }, false],
  ['one that stopped a byte before the deletion is behind', marked, { id: 'h2', offset: 499 }, true],
  ['one that took the deletion is not', marked, { id: 'h2', offset: 500 }, false],
  ['one that went on after it is not', marked, { id: 'h2', offset: 501 }, false],
  ['one that stayed in the history before is behind, however far it is', marked, { id: 'h1', offset: 9_999 }, true],
  ['one that follows a later primary is not, however short its history', marked, { id: 'h3', offset: 1 }, false],
  ['a history is not taken for the one before the first', first, { id: 'h1', offset: 1 }, false],
  ['one that read a file is behind when it has not acknowledged', unacknowledged, { id: 'h9', offset: 1 }, true],
  ['and is not when it has', marked, { id: 'h9', offset: 1 }, false],
  [
    'one that follows the primary is not, though nobody has asked it yet',
    unacknowledged,
    { id: 'h3', offset: 1 },
    false,
  ],
] as const)('%s', (_sentence, store, replication, behind) => {
  expect(isBehindRevocation(store, replication, 'pod-0')).toBe(behind)
})
