import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ApiError, LeaseLostError } from '../../../src/kubernetes/errors.ts'
import { type ConfigMap, configMaps } from '../../../src/kubernetes/kinds.ts'
import { createMetrics } from '../../../src/kubernetes/metrics.ts'
import type { ApiClient, Write } from '../../../src/kubernetes/transport.ts'
import { type ApiServer, startApiServer } from '../api-server.ts'
import { clientOf, configMap, newNamespace, proxyOf } from './fixture.ts'

let server: ApiServer
let client: ApiClient
let namespace: string

beforeAll(async () => {
  server = await startApiServer()
})
afterAll(() => server.stop())
beforeEach(async () => {
  client = clientOf(server.kubeconfig)
  namespace = await newNamespace(client)
})

const failure = async (call: Promise<unknown>): Promise<ApiError> => {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ApiError)) throw new Error(`expected an ApiError, got ${String(error)}`)
  return error
}

describe('the client', () => {
  test('creates, reads, applies, replaces, patches, lists and deletes, over TLS', async () => {
    const created = await client.create(configMaps, configMap(namespace, 'a', { value: '1' }))
    expect(created.metadata.uid).toBeDefined()
    const applied = await client.apply(configMaps, configMap(namespace, 'a', { value: '2' }), { fieldManager: 'test' })
    expect(applied.metadata).not.toHaveProperty('managedFields')
    const replaced = await client.replace(configMaps, { ...applied, data: { value: '3' } })
    await expect(client.replace(configMaps, { ...applied, data: {} })).rejects.toMatchObject({ kind: 'conflict' })
    await client.patch(configMaps, { namespace, name: 'a' }, { data: { other: 'x' } })
    const read = await client.get(configMaps, { namespace, name: 'a' })
    expect(read.data).toEqual({ value: '3', other: 'x' })
    expect(read.metadata.uid).toBe(replaced.metadata.uid)
    const listed = await client.list(configMaps, { namespace })
    expect(listed.find(({ metadata }) => metadata.name === 'a')).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' })
    await client.delete(configMaps, { namespace, name: 'a' })
    await client.delete(configMaps, { namespace, name: 'a' })
    expect((await failure(client.get(configMaps, { namespace, name: 'a' }))).kind).toBe('notFound')
  })

  test('reads all pages of a long list', async () => {
    await Promise.all(
      Array.from({ length: 520 }, (_, index) => client.create(configMaps, configMap(namespace, `many-${index}`))),
    )
    expect(await client.list(configMaps, { namespace })).toHaveLength(520)
  })

  test('deletes only the very object that was meant', async () => {
    const { metadata } = await client.create(configMaps, configMap(namespace, 'a'))
    const other = client.delete(configMaps, { namespace, name: 'a' }, { uid: '00000000-0000-0000-0000-000000000000' })
    expect((await failure(other)).kind).toBe('conflict')
    await client.delete(configMaps, { namespace, name: 'a' }, { uid: metadata.uid ?? '' })
  })

  test('says what a failure asks of the caller', async () => {
    await client.create(configMaps, configMap(namespace, 'a'))
    expect((await failure(client.create(configMaps, configMap(namespace, 'a')))).kind).toBe('exists')
    const invalid = { ...configMap(namespace, 'b'), data: { 'no such/key': 'x' } }
    expect((await failure(client.create(configMaps, invalid))).kind).toBe('invalid')
    const untyped = { ...configMap(namespace, 'c'), noSuchField: true }
    expect(await failure(client.apply(configMaps, untyped, { fieldManager: 'test' }))).toMatchObject({
      kind: 'invalid',
      status: 500,
    })
    expect((await failure(client.get(configMaps, { namespace, name: '../secrets/x' }))).kind).toBe('invalid')
    const proxy = await proxyOf(server.kubeconfig)
    const away = clientOf(proxy.kubeconfig)
    proxy.faults.set({}, { kind: 'reset', when: 'before' })
    expect(await failure(away.create(configMaps, configMap(namespace, 'd')))).toMatchObject({
      kind: 'retryable',
      status: 0,
    })
  })

  test('keeps what a Secret holds out of errors', async () => {
    const secrets = { ...configMaps, plural: 'secrets', kind: 'Secret' }
    const secret = { ...configMap(namespace, 'a'), kind: 'Secret', data: { password: 'hunter2-is-not-base64!' } }
    const error = await failure(client.create(secrets, secret))
    expect(error.message).not.toContain('hunter2')
    expect(error.message).toContain(`create secrets ${namespace}/a: 400`)
  })

  test('does not open a connection for each request, and counts requests', async () => {
    const proxy = await proxyOf(server.kubeconfig)
    const metrics = createMetrics()
    const counted = clientOf(proxy.kubeconfig, { metrics })
    for (let index = 0; index < 50; index += 1) await failure(counted.get(configMaps, { namespace, name: 'none' }))
    expect(proxy.connections).toBeLessThanOrEqual(2)
    const text = await metrics.registry.metrics()
    expect(text).toMatch(/rest_client_requests_total\{code="404",method="GET",host="127.0.0.1:\d+"\} 50/)
  })

  test('tells of each acknowledged write, and of a deletion with its UID', async () => {
    const writes: Write[] = []
    const telling = clientOf(server.kubeconfig, { onWrite: (write) => writes.push(write) })
    const { metadata } = await telling.create(configMaps, configMap(namespace, 'a'))
    await telling.delete(configMaps, { namespace, name: 'a' })
    expect(writes.map(({ type }) => type)).toEqual(['stored', 'deleted'])
    expect(writes[1]).toMatchObject({ name: { namespace, name: 'a' }, uid: metadata.uid })
  })
})

describe('against faults', () => {
  test('a read is tried again after a reset and after 5xx', async () => {
    const proxy = await proxyOf(server.kubeconfig)
    await client.create(configMaps, configMap(namespace, 'a'))
    proxy.faults.set({ verb: 'get' }, { kind: 'reset', when: 'before' })
    proxy.faults.set({ verb: 'get' }, { kind: 'status', status: 503 })
    const read = await clientOf(proxy.kubeconfig).get(configMaps, { namespace, name: 'a' })
    expect(read.metadata.name).toBe('a')
    expect(proxy.requests.map(({ verb }) => verb)).toEqual(['get', 'get', 'get'])
  })

  test('a write whose answer was lost is not sent again', async () => {
    const proxy = await proxyOf(server.kubeconfig)
    proxy.faults.set({ verb: 'create' }, { kind: 'reset', when: 'after' })
    const error = await failure(clientOf(proxy.kubeconfig).create(configMaps, configMap(namespace, 'a')))
    expect(error).toMatchObject({ kind: 'retryable', status: 0 })
    expect(proxy.writes).toHaveLength(1)
    expect((await client.get(configMaps, { namespace, name: 'a' })).metadata.name).toBe('a')
  })

  test('a write that was refused with 429 is sent again, after the time asked for', async () => {
    const proxy = await proxyOf(server.kubeconfig)
    proxy.faults.set({ verb: 'create' }, { kind: 'status', status: 429, retryAfterSeconds: 1 })
    const startedMs = performance.now()
    await clientOf(proxy.kubeconfig).create(configMaps, configMap(namespace, 'a'))
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(1000)
    expect(proxy.writes).toHaveLength(1)
  })

  test('a 429 that asks for too long is left to the caller', async () => {
    const proxy = await proxyOf(server.kubeconfig)
    proxy.faults.set({ verb: 'create' }, { kind: 'status', status: 429, retryAfterSeconds: 600 })
    const error = await failure(clientOf(proxy.kubeconfig).create(configMaps, configMap(namespace, 'a')))
    expect(error).toMatchObject({ kind: 'retryable', status: 429, retryAfterMs: 600_000 })
  })

  test('a server that never answers costs the time given, not more', async () => {
    const proxy = await proxyOf(server.kubeconfig)
    proxy.faults.set({ verb: 'create' }, { kind: 'stall' })
    const startedMs = performance.now()
    const error = await failure(
      clientOf(proxy.kubeconfig).create(configMaps, configMap(namespace, 'a'), { timeoutMs: 300 }),
    )
    expect(error.kind).toBe('retryable')
    expect(performance.now() - startedMs).toBeLessThan(2000)
  })

  test('a caller that gives up gets its own reason', async () => {
    const proxy = await proxyOf(server.kubeconfig)
    proxy.faults.set({}, { kind: 'stall' })
    const stop = new AbortController()
    const reading = clientOf(proxy.kubeconfig).get(configMaps, { namespace, name: 'a' }, { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })
})

describe('a guard', () => {
  test('stops writes and no reads', async () => {
    const guarded = clientOf(server.kubeconfig, {
      guard: () => {
        throw new LeaseLostError('not ours')
      },
    })
    const write: Promise<ConfigMap> = guarded.create(configMaps, configMap(namespace, 'a'))
    await expect(write).rejects.toThrow(LeaseLostError)
    await guarded.list(configMaps, { namespace })
  })

  test('that is lost while the connection is made, stops the write before it is sent', async () => {
    const proxy = await proxyOf(server.kubeconfig)
    let asked = 0
    const guarded = clientOf(proxy.kubeconfig, {
      guard: () => {
        asked += 1
        // the first question comes with the call; the next in the instant before the request is written
        if (asked > 1) throw new LeaseLostError('lost meanwhile')
      },
    })
    await expect(guarded.create(configMaps, configMap(namespace, 'a'))).rejects.toThrow('lost meanwhile')
    expect(proxy.requests).toEqual([])
  })

  test('that is lost while waiting for Retry-After, stops the second try', async () => {
    const proxy = await proxyOf(server.kubeconfig)
    let lost = false
    proxy.faults.set({ verb: 'create' }, { kind: 'status', status: 429, retryAfterSeconds: 1 })
    const guarded = clientOf(proxy.kubeconfig, {
      guard: () => {
        if (lost) throw new LeaseLostError('lost meanwhile')
      },
    })
    const write = guarded.create(configMaps, configMap(namespace, 'a'))
    const refused = expect(write).rejects.toThrow('lost meanwhile')
    await expect.poll(() => proxy.requests.length).toBe(1)
    lost = true
    await refused
    expect(proxy.writes).toEqual([])
  })
})
