import { expect, test } from 'vitest'
import type { FlushSessions } from '../api/resources.ts'
import { aheadOf } from './queue.ts'

const flush = (
  name: string,
  second: number,
  more: { store?: string; dryRun?: boolean; status?: FlushSessions['status'] } = {},
): FlushSessions => ({
  apiVersion: 'sessionstore.dev/v1alpha1',
  kind: 'FlushSessions',
  metadata: {
    name,
    uid: name,
    namespace: 'shop',
    creationTimestamp: `2026-11-24T00:00:${String(second).padStart(2, '0')}Z`,
  },
  spec: { storeRef: { name: more.store ?? 'web' }, scope: { all: {} }, reason: 'test', dryRun: more.dryRun ?? false },
  ...(more.status ? { status: more.status } : {}),
})
const recorded = {
  type: 'Recorded',
  status: 'True' as const,
  reason: 'IntentRecorded',
  message: '',
  lastTransitionTime: '2026-11-24T00:00:00Z',
}

test('the first of a store waits for nobody', () => {
  const first = flush('a', 1)
  expect(aheadOf(first, [first, flush('b', 2)])).toBeUndefined()
})

test('a later one waits for the earliest that is not finished', () => {
  const later = flush('c', 3)
  expect(aheadOf(later, [later, flush('b', 2), flush('a', 1)])?.metadata.name).toBe('a')
  expect(aheadOf(later, [later, flush('b', 2), flush('a', 1, { status: { phase: 'Completed' } })])?.metadata.name).toBe(
    'b',
  )
})

test('of two in one second the name decides', () => {
  const [a, b] = [flush('a', 1), flush('b', 1)]
  expect(aheadOf(a, [a, b])).toBeUndefined()
  expect(aheadOf(b, [a, b])?.metadata.name).toBe('a')
})

test('one whose intent is on record goes on, whoever came earlier', () => {
  const running = flush('b', 2, { status: { phase: 'Running', conditions: [recorded] } })
  const earlier = flush('a', 1)
  expect(aheadOf(running, [earlier, running])).toBeUndefined()
  expect(aheadOf(earlier, [earlier, running])?.metadata.name).toBe('b')
})

test('one that waits for a second person holds up nobody, and waits its turn when it is approved', () => {
  const awaiting = flush('a', 1, { status: { phase: 'AwaitingApproval' } })
  const later = flush('b', 2)
  expect(aheadOf(later, [awaiting, later])).toBeUndefined()
  const running = flush('b', 2, { status: { phase: 'Running', conditions: [recorded] } })
  expect(aheadOf(awaiting, [awaiting, running])?.metadata.name).toBe('b')
})

test('a dry run waits for nobody, and nobody waits for it', () => {
  const dry = flush('a', 1, { dryRun: true })
  const real = flush('b', 2)
  expect(aheadOf(dry, [dry, real])).toBeUndefined()
  expect(aheadOf(real, [dry, real])).toBeUndefined()
})

test('a flush of another store is no matter', () => {
  const real = flush('b', 2)
  expect(aheadOf(real, [real, flush('a', 1, { store: 'other' })])).toBeUndefined()
})

test('one that only waits for nodes holds nobody up', () => {
  const done = (type: string) => ({ ...recorded, type })
  const all = flush('a', 1, { status: { phase: 'Running', conditions: [recorded, done('Unfenced')] } })
  const next = flush('b', 2)
  expect(aheadOf(next, [all, next])).toBeUndefined()
  const some = { ...all, spec: { ...all.spec, scope: { keyPattern: 'shop:*' } } }
  expect(aheadOf(next, [some, next])?.metadata.name).toBe('a')
  const verified = { ...some, status: { ...some.status, conditions: [recorded, done('Verified')] } }
  expect(aheadOf(next, [verified, next])).toBeUndefined()
})
