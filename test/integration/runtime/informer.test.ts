import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { configMaps } from '../../../src/kubernetes/kinds.ts'
import type { ApiClient } from '../../../src/kubernetes/transport.ts'
import { type ApiServer, startApiServer } from '../api-server.ts'
import type { FaultProxy } from '../fault-proxy.ts'
import { clientOf, configMap, eventually, informerOf, newNamespace, proxyOf } from './fixture.ts'

let server: ApiServer
let client: ApiClient
let proxy: FaultProxy
let namespace: string
const watches = () => proxy.faults.watches({ resource: 'configmaps' })

beforeAll(async () => {
  server = await startApiServer()
})
afterAll(() => server.stop())
beforeEach(async () => {
  client = clientOf(server.kubeconfig)
  namespace = await newNamespace(client)
  proxy = await proxyOf(server.kubeconfig)
})

/** Writes past the proxy. */
const put = (name: string, value: string, labels: Record<string, string> = {}) =>
  client.apply(
    configMaps,
    { ...configMap(namespace, name, { value }), metadata: { namespace, name, labels } },
    { fieldManager: 'test' },
  )
const remove = (name: string) => client.delete(configMaps, { namespace, name })

const start = (options: { readonly stallMs?: number } = {}) =>
  informerOf(clientOf(proxy.kubeconfig), { namespaces: [namespace], ...options })

describe('an informer', () => {
  test('lists by WatchList in one request, and follows changes', async () => {
    await put('a', '1')
    const { changes, contents, informer } = start()
    await informer.whenSynced(AbortSignal.timeout(10_000))
    expect(contents()).toEqual({ a: '1' })
    await put('b', '1')
    await put('a', '2')
    await remove('b')
    await eventually(contents, { a: '2' })
    expect(changes.filter((change) => change.endsWith(' b'))).toEqual(['added b', 'deleted b'])
    expect(proxy.requests.filter(({ verb }) => verb === 'list')).toEqual([])
    expect(proxy.requests.filter(({ verb }) => verb === 'watch')).toHaveLength(1)
  })

  test('lists by pages where the API server has no WatchList', async () => {
    await put('a', '1')
    proxy.faults.set({ verb: 'watch' }, { kind: 'status', status: 422 })
    const { contents } = start()
    await eventually(contents, { a: '1' })
    await put('b', '1')
    await eventually(contents, { a: '1', b: '1' })
    expect(proxy.requests.map(({ verb }) => verb)).toEqual(['watch', 'list', 'watch'])
  })

  test('keeps to its label selector, for our own writes too', async () => {
    await put('in', '1', { app: 'web' })
    await put('out', '1')
    const own = clientOf(proxy.kubeconfig, { onWrite: (write) => selective.informer.wrote(write) })
    const selective = informerOf(own, { namespaces: [namespace], labelSelector: 'app=web' })
    await eventually(selective.contents, { in: '1' })
    watches().forEach((watch) => (watch.mode = 'stall'))
    await own.create(configMaps, configMap(namespace, 'other', { value: '1' }))
    await own.patch(configMaps, { namespace, name: 'in' }, { data: { value: '2' } })
    expect(selective.contents()).toEqual({ in: '2' })
  })

  test('watches each namespace by itself: one that is forbidden does not stop the others', async () => {
    const other = await newNamespace(client)
    proxy.faults.set({ namespace: other }, { kind: 'status', status: 403 }, { times: 1000 })
    await put('a', '1')
    const { contents, informer, lines } = informerOf(clientOf(proxy.kubeconfig), { namespaces: [namespace, other] })
    await informer.whenSynced(AbortSignal.timeout(10_000))
    expect(contents()).toEqual({ a: '1' })
    const health = informer.health().find((each) => each.namespace === other)
    expect(health).toMatchObject({ synced: false, problem: expect.stringContaining('403') as string })
    expect(lines).toHaveLength(1)
    proxy.faults.clear()
    await client.create(configMaps, configMap(other, 'b', { value: '1' }))
    await eventually(contents, { a: '1', b: '1' })
  })

  test('does not count as synced when it may see nothing at all', async () => {
    proxy.faults.set({}, { kind: 'status', status: 403 }, { times: 1000 })
    const { informer } = start()
    await eventually(() => proxy.requests.length > 1, true)
    expect(informer.hasSynced).toBe(false)
  })

  test('hands out frozen objects, found by name, key, namespace and owner', async () => {
    const owner = await put('owner', '1')
    const uid = owner.metadata.uid ?? ''
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }]
    await client.create(configMaps, {
      ...configMap(namespace, 'owned'),
      metadata: { namespace, name: 'owned', ownerReferences },
    })
    const { informer } = start()
    await informer.whenSynced(AbortSignal.timeout(10_000))
    const found = informer.get({ namespace, name: 'owner' })
    expect(found).toBe(informer.get(`${namespace}/owner`))
    expect(Object.isFrozen(found?.data)).toBe(true)
    expect(found?.metadata).not.toHaveProperty('managedFields')
    expect(informer.byIndex('owner', uid).map(({ metadata }) => metadata.name)).toEqual(['owned'])
    expect(informer.list('elsewhere')).toEqual([])
  })
})

describe('against faults, an informer', () => {
  test('lists anew after 410 in mid-stream, and misses no deletion', async () => {
    await put('a', '1')
    await put('b', '1')
    const { changes, contents, listCount } = start()
    await eventually(contents, { a: '1', b: '1' })
    for (const watch of watches()) watch.mode = 'hold'
    await remove('a')
    await put('b', '2')
    for (const watch of watches()) watch.gone()
    await eventually(contents, { b: '2' })
    expect(await listCount()).toBe(2)
    expect(changes).toContain('deleted a')
  })

  test('lists anew after 410 at connect', async () => {
    await put('a', '1')
    const { contents, listCount } = start()
    await eventually(contents, { a: '1' })
    for (const watch of watches()) watch.mode = 'hold'
    await remove('a')
    proxy.faults.set({ verb: 'watch' }, { kind: 'status', status: 410 })
    for (const watch of watches()) watch.reset()
    await eventually(contents, {})
    expect(await listCount()).toBe(2)
  })

  test('does not hammer an API server that answers every list with 410', async () => {
    proxy.faults.set({}, { kind: 'status', status: 410 }, { times: 1000 })
    const { contents } = start()
    await put('a', '1')
    await eventually(() => proxy.requests.length >= 3, true)
    const before = proxy.requests.length
    // back-offs of 0.4 s and more: never more than a few tries in the time of one put
    for (let index = 0; index < 20; index += 1) await put('a', String(index))
    expect(proxy.requests.length - before).toBeLessThanOrEqual(2)
    proxy.faults.clear()
    await eventually(contents, { a: '19' })
  })

  test('goes on where it was after a reset, without a list', async () => {
    await put('a', '1')
    const { contents, listCount } = start()
    await eventually(contents, { a: '1' })
    for (const watch of watches()) watch.mode = 'hold'
    await put('b', '1')
    await remove('a')
    for (const watch of watches()) watch.reset()
    await eventually(contents, { b: '1' })
    expect(await listCount()).toBe(1)
  })

  test('comes back after 500, 429 and refused connections', async () => {
    const { contents } = start()
    await eventually(() => watches().length, 1)
    proxy.faults.set({ verb: 'watch' }, { kind: 'status', status: 500 })
    proxy.faults.set({ verb: 'watch' }, { kind: 'status', status: 429, retryAfterSeconds: 1 })
    proxy.faults.set({ verb: 'watch' }, { kind: 'reset', when: 'before' })
    for (const watch of watches()) watch.reset()
    await put('a', '1')
    await eventually(contents, { a: '1' })
  })

  test('notices a watch that fell silent without a FIN, and connects again', async () => {
    const { contents, stallCount } = start({ stallMs: 1500 })
    await eventually(() => watches().length, 1)
    await eventually(contents, {})
    for (const watch of watches()) watch.mode = 'stall'
    await put('a', '1')
    await eventually(contents, { a: '1' })
    expect(await stallCount()).toBeGreaterThanOrEqual(1)
  })

  test('notices a connection on which not even the headers come', async () => {
    proxy.faults.set({ verb: 'watch' }, { kind: 'stall' })
    const { contents } = start({ stallMs: 500 })
    await put('a', '1')
    await eventually(contents, { a: '1' })
  })

  test('is not moved backwards by repeated and late events', async () => {
    const { changes, contents } = start()
    await eventually(() => watches().length, 1)
    for (const watch of watches()) watch.duplicate = true
    await put('a', '1')
    await put('a', '2')
    await put('a', '3')
    await put('b', '1')
    await eventually(contents, { a: '3', b: '1' })
    expect(changes.filter((change) => change.endsWith(' a'))).toEqual(['added a', 'updated a', 'updated a'])
  })

  test('ends in the true state when events were held and came coalesced', async () => {
    await put('a', '1')
    const { contents } = start()
    await eventually(contents, { a: '1' })
    for (const watch of watches()) watch.mode = 'hold'
    await remove('a')
    await put('a', '2')
    await remove('a')
    await put('a', '3')
    await put('b', '1')
    await put('b', '2')
    // the API server has said all this before it answers this read
    await client.list(configMaps, { namespace })
    await eventually(
      () => {
        for (const watch of watches()) watch.release({ coalesce: true })
        return contents()
      },
      { a: '3', b: '2' },
    )
  })

  test('sees our own write at once while its watch is late, and is not moved back by what comes late', async () => {
    const own = clientOf(proxy.kubeconfig, { onWrite: (write) => mine.informer.wrote(write) })
    const mine = informerOf(own, { namespaces: [namespace] })
    await eventually(() => watches().length, 1)
    await mine.informer.whenSynced(AbortSignal.timeout(10_000))
    for (const watch of watches()) watch.mode = 'hold'
    await own.create(configMaps, configMap(namespace, 'a', { value: '1' }))
    expect(mine.contents()).toEqual({ a: '1' })
    await own.patch(configMaps, { namespace, name: 'a' }, { data: { value: '2' } })
    expect(mine.contents()).toEqual({ a: '2' })
    await own.create(configMaps, configMap(namespace, 'b', { value: '1' }))
    await own.delete(configMaps, { namespace, name: 'b' })
    expect(mine.contents()).toEqual({ a: '2' })
    mine.changes.length = 0
    for (const watch of watches()) watch.release({ coalesce: false })
    await put('end', '1')
    await eventually(mine.contents, { a: '2', end: '1' })
    expect(mine.changes).toEqual(['added end'])
  })

  test('shows a frozen view while there is one, and the truth after it', async () => {
    await put('a', '1')
    await proxy.faults.freeze(configMaps)
    await put('a', '2')
    await put('b', '1')
    const { contents } = start()
    await eventually(contents, { a: '1' })
    proxy.faults.thaw(configMaps)
    await eventually(contents, { a: '2', b: '1' })
  })

  test('does not go back to a frozen view that is older than what it knows', async () => {
    await put('a', '1')
    const { changes, contents } = start()
    await eventually(contents, { a: '1' })
    await proxy.faults.freeze(configMaps)
    for (const watch of watches()) watch.mode = 'pass'
    await put('a', '2')
    await eventually(contents, { a: '2' })
    const before = proxy.requests.length
    for (const watch of watches()) watch.gone()
    await eventually(() => proxy.requests.length >= before + 2, true)
    expect(contents()).toEqual({ a: '2' })
    proxy.faults.thaw(configMaps)
    await put('a', '3')
    await eventually(contents, { a: '3' })
    expect(changes).toEqual(expect.not.arrayContaining(['deleted a']))
  })

  test('stops when told to in the middle of its list, and opens nothing afterwards', async () => {
    proxy.faults.set({ verb: 'watch' }, { kind: 'stall' })
    const { running, stop } = start()
    await eventually(() => proxy.requests.length, 1)
    stop.abort()
    await running
    await put('a', '1')
    expect(proxy.requests).toHaveLength(1)
  })

  test('survives a handler that throws', async () => {
    const { contents, informer, lines } = start()
    informer.onChange(() => {
      throw new Error('a mistake of a handler')
    })
    await put('a', '1')
    await put('b', '1')
    await eventually(contents, { a: '1', b: '1' })
    expect(lines.some((line) => line.includes('a mistake of a handler'))).toBe(true)
  })
})

describe('when the API server itself', () => {
  test('restarts, an informer is right again', async () => {
    await put('a', '1')
    const { contents } = informerOf(client, { namespaces: [namespace] })
    await eventually(contents, { a: '1' })
    await server.kill()
    await server.restart()
    await eventually(() => put('a', '2').then(() => true), true)
    await remove('a')
    await put('b', '1')
    await eventually(contents, { b: '1' }, 40_000)
  })
})
