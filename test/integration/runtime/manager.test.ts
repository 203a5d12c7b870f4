import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Controller } from '../../../src/kubernetes/controller.ts'
import { leases } from '../../../src/kubernetes/elector.ts'
import { LeaseLostError } from '../../../src/kubernetes/errors.ts'
import { eventResource } from '../../../src/kubernetes/events.ts'
import { configMaps } from '../../../src/kubernetes/kinds.ts'
import type { ManagerOptions } from '../../../src/kubernetes/manager.ts'
import { itself } from '../../../src/kubernetes/mapping.ts'
import type { ApiClient } from '../../../src/kubernetes/transport.ts'
import { type ApiServer, startApiServer } from '../api-server.ts'
import type { FaultProxy } from '../fault-proxy.ts'
import { childrenIn, copier, managerOf, type Place, putParent, run, writesOf } from './copier.ts'
import { clientOf, configMap, eventually, newNamespace, proxyOf } from './fixture.ts'

let server: ApiServer
let client: ApiClient
let proxy: FaultProxy
let namespace: string

beforeAll(async () => {
  server = await startApiServer()
})
afterAll(() => server.stop())
beforeEach(async () => {
  client = clientOf(server.kubeconfig)
  namespace = await newNamespace(client)
  proxy = await proxyOf(server.kubeconfig)
  place = { client, proxy, namespace }
})

let place: Place
const managed = (options: Partial<ManagerOptions> = {}) => managerOf(place, options)
const parent = (name: string, value: string) => putParent(place, name, value)
const children = () => childrenIn(place)
const writes = () => writesOf(place)

describe('a manager', () => {
  test('reconciles what there is, what changes, and what others break, and then writes nothing more', async () => {
    const { manager } = managed()
    const { reconciled } = copier(manager, namespace)
    await parent('a', '1')
    run(manager)
    await eventually(children, { 'a-child': '1' })
    await parent('a', '2')
    await parent('b', '1')
    await eventually(children, { 'a-child': '2', 'b-child': '1' })
    await client.patch(configMaps, { namespace, name: 'a-child' }, { data: { value: 'broken' } })
    await eventually(children, { 'a-child': '2', 'b-child': '1' })
    await client.delete(configMaps, { namespace, name: 'b-child' })
    await eventually(children, { 'a-child': '2', 'b-child': '1' })
    const before = writes().length
    const [passes, renewals] = [reconciled.length, proxy.writes.length]
    // a touch that changes nothing we copy is reconciled and leads to no write
    await client.patch(configMaps, { namespace, name: 'a' }, { metadata: { labels: { touched: 'yes' } } })
    await eventually(() => reconciled.length > passes, true)
    await eventually(() => proxy.writes.length >= renewals + 5, true)
    expect(writes()).toHaveLength(before)
  })

  test('starts again on what it made without a single write', async () => {
    await parent('a', '1')
    await parent('b', '1')
    const first = managed()
    copier(first.manager, namespace)
    const one = run(first.manager)
    await eventually(children, { 'a-child': '1', 'b-child': '1' })
    one.stop.abort()
    await one.ended
    const before = writes().length
    const second = managed()
    const { reconciled } = copier(second.manager, namespace)
    run(second.manager)
    await eventually(() => new Set(reconciled).size, 2)
    const renewals = proxy.writes.length
    await eventually(() => proxy.writes.length >= renewals + 3, true)
    expect(writes()).toHaveLength(before)
  })

  test('reaches what is asked when any one of its writes is lost before or after it took effect', async () => {
    for (const when of ['before', 'after'] as const) {
      for (const nth of [1, 2, 3]) {
        const value = `${when}-${nth}`
        const { manager } = managed()
        copier(manager, namespace)
        const fault = proxy.faults.set({ verb: 'patch', resource: 'configmaps' }, { kind: 'reset', when }, { nth })
        for (const name of ['a', 'b', 'c']) await parent(name, value)
        const { stop, ended } = run(manager)
        await eventually(children, { 'a-child': value, 'b-child': value, 'c-child': value })
        expect(fault.hits).toBe(1)
        stop.abort()
        await ended
      }
    }
  })

  test('stops gracefully: finishes what is in hand, runs hooks in reverse, releases the lease', async () => {
    const { manager, lines } = managed()
    const events: string[] = []
    const informer = manager.informer(configMaps)
    const controller = new Controller({
      name: 'slow',
      manager,
      reconcile: async ({ name }) => {
        if (name !== 'a') return
        events.push('start')
        await proxyHeld
        await manager.client.patch(configMaps, { namespace, name }, { data: { value: 'done' } })
        events.push('end')
      },
    })
    controller.watch(informer, itself)
    manager.add(controller)
    manager.onStop(() => void events.push('close last'))
    manager.onStop(() => void events.push(`close first, leading: ${manager.isLeading()}`))
    let release: () => void = () => undefined
    const proxyHeld = new Promise<void>((resolve) => {
      release = resolve
    })
    await client.create(configMaps, configMap(namespace, 'a'))
    const { stop, ended } = run(manager)
    await eventually(() => events, ['start'])
    stop.abort()
    // longer than a lease: it is renewed while we drain
    const renewals = proxy.writes.length
    await eventually(() => proxy.writes.length >= renewals + 18, true)
    release()
    expect(await ended).toBeUndefined()
    // the write of the pass brought the object back into the queue; it is left to the next leader
    expect(events).toEqual(['start', 'end', 'close first, leading: true', 'close last'])
    expect((await client.get(configMaps, { namespace, name: 'a' })).data).toEqual({ value: 'done' })
    const lease = await client.get(leases, { namespace, name: 'leader' })
    expect(lease.spec?.holderIdentity ?? '').toBe('')
    expect(lines).toEqual([])
  })

  test('cuts reconciles short that take longer than the drain', async () => {
    const { manager } = managed({ drainTimeoutMs: 200 })
    let reason: unknown
    const controller = new Controller({
      name: 'stuck',
      manager,
      reconcile: (_name, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason
            reject(signal.reason as Error)
          })
        }),
    })
    controller.enqueue({ name: 'a' })
    manager.add(controller)
    const { stop, ended } = run(manager)
    await eventually(() => manager.isLeading(), true)
    await eventually(() => controller.queue.length, 0)
    stop.abort()
    expect(await ended).toBeUndefined()
    expect(reason).toMatchObject({ message: 'the process stops' })
  })

  test('ends when it cannot renew its lease, writes nothing more, and does not release', async () => {
    const { manager } = managed()
    copier(manager, namespace)
    let closed = false
    manager.onStop(() => {
      closed = true
    })
    const { ended } = run(manager)
    await eventually(() => manager.isLeading(), true)
    proxy.faults.set({ resource: 'leases.coordination.k8s.io' }, { kind: 'status', status: 500 }, { times: 1e6 })
    expect(await ended).toBeInstanceOf(LeaseLostError)
    expect([closed, manager.isLeading()]).toEqual([true, false])
    await expect(manager.client.create(configMaps, configMap(namespace, 'late'))).rejects.toThrow(LeaseLostError)
    expect((await client.get(leases, { namespace, name: 'leader' })).spec?.holderIdentity).toBe(manager.identity)
  })

  test('aborts what is in hand the moment its lease is lost, and does not wait for who does not listen', async () => {
    const { manager } = managed()
    const reasons: unknown[] = []
    const controller = new Controller({
      name: 'busy',
      manager,
      concurrency: 2,
      reconcile: ({ name }, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason)
            if (name !== 'deaf') reject(signal.reason as Error)
          })
        }),
    })
    for (const name of ['deaf', 'listens']) controller.enqueue({ name })
    manager.add(controller)
    const { ended } = run(manager)
    await eventually(() => manager.isLeading() && controller.queue.length === 0, true)
    await client.patch(leases, { namespace, name: 'leader' }, { spec: { holderIdentity: 'another' } })
    await expect(manager.confirmLeadership()).rejects.toThrow(LeaseLostError)
    expect(reasons).toEqual([expect.any(LeaseLostError), expect.any(LeaseLostError)])
    expect(await ended).toBeInstanceOf(LeaseLostError)
  })

  test('shows its own writes in its caches at once, whatever its watches do', async () => {
    const { manager } = managed()
    const informer = manager.informer(configMaps)
    run(manager)
    await informer.whenSynced(AbortSignal.timeout(10_000))
    for (const watch of proxy.faults.watches({})) watch.mode = 'stall'
    await manager.client.create(configMaps, configMap(namespace, 'a', { value: '1' }))
    expect(informer.get({ namespace, name: 'a' })?.data).toEqual({ value: '1' })
    await manager.client.delete(configMaps, { namespace, name: 'a' })
    expect(informer.get({ namespace, name: 'a' })).toBeUndefined()
  })

  test('ends when another has taken its lease, and confirms no leadership then', async () => {
    const { manager } = managed()
    const { ended } = run(manager)
    await eventually(() => manager.isLeading(), true)
    await manager.confirmLeadership()
    await client.patch(
      leases,
      { namespace, name: 'leader' },
      { spec: { holderIdentity: 'another', leaseTransitions: 9 } },
    )
    await expect(manager.confirmLeadership()).rejects.toThrow(LeaseLostError)
    expect(await ended).toBeInstanceOf(LeaseLostError)
  })

  test('waits for the lease, and takes over when the other releases it', async () => {
    const first = managed()
    const one = run(first.manager)
    await eventually(() => first.manager.isLeading(), true)
    const second = managed({ identity: 'two', healthPort: 0 })
    copier(second.manager, namespace)
    let led = 0
    second.manager.onLeading(() => {
      led += 1
    })
    run(second.manager)
    await parent('a', '1')
    await eventually(() => probe(second.manager.ports?.health, 'readyz'), '200 ok\n')
    expect([second.manager.isLeading(), await children()]).toEqual([false, {}])
    one.stop.abort()
    expect(await one.ended).toBeUndefined()
    await eventually(children, { 'a-child': '1' })
    expect(led).toBe(1)
  })

  test('says over HTTP whether it is alive and ready, and serves metrics', async () => {
    proxy.faults.set({ verb: ['watch', 'list'] }, { kind: 'status', status: 503 }, { times: 1e6 })
    await parent('a', '1')
    const { manager } = managed({ healthPort: 0, metricsPort: 0 })
    copier(manager, namespace)
    const { stop, ended } = run(manager)
    await eventually(() => manager.isLeading(), true)
    await eventually(() => probe(manager.ports?.health, 'readyz'), '503 not yet synced: configmaps\n')
    expect(await probe(manager.ports?.health, 'healthz')).toBe('200 ok\n')
    expect(await probe(manager.ports?.health, 'else')).toBe('404 not found\n')
    proxy.faults.clear()
    await eventually(() => probe(manager.ports?.health, 'readyz'), '200 ok\n')
    const text = await probe(manager.ports?.metrics, 'metrics')
    expect(text).toContain('leader_election_master_status{name="leader"} 1')
    expect(text).toContain('workqueue_adds_total{name="copier"}')
    expect(text).toMatch(/controller_runtime_max_concurrent_reconciles\{controller="copier"\} 2/)
    expect(text).toMatch(/informer_objects\{resource="configmaps"\} \d/)
    stop.abort()
    await ended
    await expect(probe(manager.ports?.health, 'healthz')).rejects.toThrow('fetch failed')
  })

  test('shares one informer between those who ask for the same', () => {
    const { manager } = managed()
    expect(manager.informer(configMaps)).toBe(manager.informer(configMaps))
    expect(manager.informer(configMaps, { labelSelector: 'app=web' })).not.toBe(manager.informer(configMaps))
  })

  test('writes events in series, and what is left of them when it stops', async () => {
    const { manager } = managed()
    const { stop, ended } = run(manager)
    await eventually(() => manager.isLeading(), true)
    const regarding = await client.create(configMaps, configMap(namespace, 'a'))
    const stuckAgain = () =>
      manager.events.record(regarding, { type: 'Warning', reason: 'Stuck', message: `é${'x'.repeat(2000)}` })
    stuckAgain()
    manager.events.record(regarding, { type: 'Normal', reason: 'Moved', message: 'It moved.' })
    await eventually(async () => (await client.list(eventResource, { namespace })).length, 2)
    for (let index = 0; index < 4; index += 1) stuckAgain()
    stop.abort()
    await ended
    const events = await client.list(eventResource, { namespace })
    const stuck = events.find((event) => 'reason' in event && event.reason === 'Stuck')
    expect(stuck).toMatchObject({
      series: { count: 5 },
      reportingController: 'sessionstore.dev/operator',
      type: 'Warning',
    })
    expect(writes()).toHaveLength(3)
  })

  test('lets one object fill no more than its share of events', async () => {
    const { manager } = managed()
    const { stop, ended } = run(manager)
    await eventually(() => manager.isLeading(), true)
    const regarding = await client.create(configMaps, configMap(namespace, 'a'))
    for (let index = 0; index < 100; index += 1) {
      manager.events.record(regarding, { type: 'Normal', reason: 'Again', message: `number ${index}` })
    }
    stop.abort()
    await ended
    expect(await client.list(eventResource, { namespace })).toHaveLength(25)
  })
})

const probe = async (port: number | undefined, path: string): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${port}/${path}`)
  return `${response.status} ${await response.text()}`
}
