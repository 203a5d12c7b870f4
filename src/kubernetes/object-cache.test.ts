import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Change, ObjectCache } from './object-cache.ts'
import type { KubernetesObject } from './objects.ts'

const object = (name: string, resourceVersion: number, extra: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'shop', name, uid: `uid-${name}`, resourceVersion: String(resourceVersion), ...extra },
})

const make = () => {
  const changes: string[] = []
  const cache = new ObjectCache<KubernetesObject>((change: Change<KubernetesObject>) => {
    changes.push(`${change.type} ${change.object.metadata.name}@${change.object.metadata.resourceVersion}`)
  })
  return { cache, changes, version: (name: string) => cache.get({ namespace: 'shop', name })?.metadata.resourceVersion }
}

describe('a cache', () => {
  test('follows a list and the events after it', () => {
    const { cache, changes } = make()
    cache.replace([object('a', 1), object('b', 2)], '5')
    cache.observe('MODIFIED', object('a', 6))
    cache.observe('DELETED', object('b', 7))
    cache.observe('ADDED', object('c', 8))
    expect(changes).toEqual(['added a@1', 'added b@2', 'updated a@6', 'deleted b@7', 'added c@8'])
    expect(cache.resourceVersion).toBe('8')
  })

  test('ignores repeated and late events', () => {
    const { cache, changes, version } = make()
    cache.replace([object('a', 9)], '9')
    changes.length = 0
    cache.observe('MODIFIED', object('a', 9))
    cache.observe('MODIFIED', object('a', 7))
    cache.observe('DELETED', object('a', 8))
    expect(changes).toEqual([])
    expect(version('a')).toBe('9')
  })

  test('compares versions as integers, not as text', () => {
    const { cache, version } = make()
    cache.replace([object('a', 99)], '99')
    cache.observe('MODIFIED', object('a', 100))
    expect(version('a')).toBe('100')
  })

  test('shows our own write at once, and its echo changes nothing', () => {
    const { cache, changes, version } = make()
    cache.replace([object('a', 1)], '1')
    changes.length = 0
    cache.wrote(object('a', 5))
    cache.observe('MODIFIED', object('a', 3))
    expect(version('a')).toBe('5')
    cache.observe('MODIFIED', object('a', 5))
    expect(changes).toEqual(['updated a@5'])
  })

  test('does not bring back by a late answer what the watch already saw deleted', () => {
    const { cache, version } = make()
    cache.replace([], '1')
    cache.observe('ADDED', object('a', 5))
    cache.observe('DELETED', object('a', 6))
    cache.wrote(object('a', 5))
    expect(version('a')).toBeUndefined()
  })

  test('forgets an object whose deletion was acknowledged to us, whatever late events say', () => {
    const { cache, changes, version } = make()
    cache.replace([object('a', 1)], '1')
    cache.wroteDeletion({ namespace: 'shop', name: 'a' }, 'uid-a')
    cache.observe('MODIFIED', object('a', 2))
    expect(version('a')).toBeUndefined()
    cache.observe('DELETED', object('a', 3))
    cache.observe('ADDED', object('a', 4, { uid: 'another' }))
    expect(version('a')).toBe('4')
    expect(changes).toEqual(['added a@1', 'deleted a@1', 'added a@4'])
  })

  test('does not delete another object that took the name', () => {
    const { cache, version } = make()
    cache.replace([object('a', 1, { uid: 'second' })], '1')
    cache.wroteDeletion({ namespace: 'shop', name: 'a' }, 'first')
    expect(version('a')).toBe('1')
  })

  test('drops at a list what is gone, but not what we wrote after it', () => {
    const { cache, changes } = make()
    cache.replace([object('gone', 1)], '5')
    cache.wrote(object('new', 9))
    changes.length = 0
    cache.replace([], '7')
    expect(changes).toEqual(['deleted gone@1'])
    expect(cache.list('shop').map(({ metadata }) => metadata.name)).toEqual(['new'])
  })

  test('starts over from an older state only when told to', () => {
    const { cache, version } = make()
    cache.replace([object('a', 90), object('b', 91)], '100')
    cache.replace([object('a', 10)], '20', { reset: true })
    expect([version('a'), version('b'), cache.resourceVersion]).toEqual(['10', undefined, '20'])
  })

  test('finds objects by namespace and by owner, and keeps both current', () => {
    const { cache } = make()
    const ownedBy = (uid: string) => ({ ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid }] })
    cache.replace([object('a', 1, ownedBy('one')), object('b', 2, { namespace: 'other' })], '2')
    expect(cache.list('other').map(({ metadata }) => metadata.name)).toEqual(['b'])
    cache.observe('MODIFIED', object('a', 3, ownedBy('two')))
    expect(cache.ownedBy('one')).toEqual([])
    expect(cache.ownedBy('two')).toHaveLength(1)
    cache.observe('DELETED', object('a', 4, ownedBy('two')))
    expect(cache.ownedBy('two')).toEqual([])
  })

  test('keeps frozen objects without managed fields', () => {
    const { cache } = make()
    cache.replace([object('a', 1, { managedFields: [{}], labels: { app: 'web' } })], '1')
    const [kept] = cache.list()
    expect(kept?.metadata).not.toHaveProperty('managedFields')
    expect(Object.isFrozen(kept?.metadata.labels)).toBe(true)
  })
})

test('ends in the true state, and never goes back, however events repeat and our answers come late', () => {
  // the truth: a history of writes; the watch delivers it in order, with repeats; some writes are ours, answered any time
  const history = fc.array(
    fc.record({ name: fc.constantFrom('a', 'b'), deletes: fc.boolean(), ours: fc.boolean(), lag: fc.nat({ max: 6 }) }),
    { maxLength: 20 },
  )
  fc.assert(
    fc.property(history, fc.array(fc.nat({ max: 3 })), (writes, repeats) => {
      const newest = new Map<string, number>()
      const cache = new ObjectCache<KubernetesObject>(({ type, object }) => {
        const uid = object.metadata.uid ?? ''
        const version = Number(object.metadata.resourceVersion)
        if (type !== 'deleted') expect(version).toBeGreaterThan(newest.get(uid) ?? 0)
        newest.set(uid, version)
      })
      cache.replace([], '1')
      const alive = new Map<string, KubernetesObject>()
      const deliveries: { readonly at: number; readonly run: () => void }[] = []
      writes.forEach(({ name, deletes, ours, lag }, index) => {
        const known = alive.get(name)
        const uid = known?.metadata.uid ?? `${name}-${index}`
        const next = object(name, index + 2, { uid })
        const at = index * 2
        if (deletes && known) {
          alive.delete(name)
          deliveries.push({ at, run: () => cache.observe('DELETED', next) })
          if (ours) {
            deliveries.push({ at: at - lag, run: () => cache.wroteDeletion({ namespace: 'shop', name }, uid) })
          }
          return
        }
        alive.set(name, next)
        const event = () => cache.observe(known ? 'MODIFIED' : 'ADDED', next)
        deliveries.push({ at, run: event })
        if ((repeats[index] ?? 0) > 2) deliveries.push({ at, run: event })
        // an answer overtakes the watch or lags behind it, but ours come in the order in which we wrote
        if (ours) deliveries.push({ at: at + lag - 3, run: () => cache.wrote(next) })
      })
      const order = deliveries.map((delivery, index) => ({ ...delivery, index }))
      for (const { run } of order.sort((left, right) => left.at - right.at || left.index - right.index)) run()
      const names = (objects: Iterable<KubernetesObject>) =>
        [...objects].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort()
      expect(names(cache.list())).toEqual(names(alive.values()))
    }),
    { numRuns: 2000 },
  )
})
