import { expect, test } from 'vitest'
import { revocationIn } from './revocation.ts'
import { record } from './testing/nodes.ts'

/** The last flush deleted at byte 500 of the history `h2`, which a primary began that had followed `h1`. */
const marked = { status: { revocation: { flush: 'f', replicationId: 'h2', earlierReplicationId: 'h1', offset: 500 } } }
const later = {
  status: { ...marked.status, primary: record({ replicationId: 'h3', earlierReplicationId: 'h2' }) },
}
const first = { status: { revocation: { flush: 'f', replicationId: 'h2', offset: 500 } } }

test.each([
  ['before the first flush everybody has it', { status: {} }, { id: 'h2', offset: 0 }, 'has'],
  ['of a store without a status everybody has it', {}, { id: 'h2', offset: 0 }, 'has'],
  ['one that stopped a byte before the deletion lacks it', marked, { id: 'h2', offset: 499 }, 'lacks'],
  ['one that took the deletion has it', marked, { id: 'h2', offset: 500 }, 'has'],
  ['one that went on after it has it', marked, { id: 'h2', offset: 501 }, 'has'],
  ['one that stayed in the history before lacks it, however far it is', marked, { id: 'h1', offset: 9_999 }, 'lacks'],
  ['one that follows a later primary has it, however short its history', later, { id: 'h3', offset: 1 }, 'has'],
  ['a history is not taken for the one before the first', first, { id: 'h1', offset: 1 }, 'unknown'],
  ['one that read a file is not known by its history', later, { id: 'h9', offset: 1 }, 'unknown'],
] as const)('%s', (_sentence, store, replication, found) => {
  expect(revocationIn(store, replication)).toBe(found)
})
