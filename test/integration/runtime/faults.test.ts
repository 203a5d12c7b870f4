import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { configMaps } from '../../../src/kubernetes/kinds.ts'
import { type ApiServer, startApiServer } from '../api-server.ts'
import { childrenIn, copier, managerOf, type Place, putParent, run, writesOf } from './copier.ts'
import { clientOf, configMap, eventually, informerOf, newNamespace, proxyOf } from './fixture.ts'

const names = Array.from({ length: 10 }, (_, index) => `parent-${index}`)
const children = (value: string) => Object.fromEntries(names.map((name) => [`${name}-child`, value]))

describe('a small operator', () => {
  let server: ApiServer
  let place: Place

  beforeAll(async () => {
    server = await startApiServer()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    const client = clientOf(server.kubeconfig)
    place = { client, proxy: await proxyOf(server.kubeconfig), namespace: await newNamespace(client) }
  })

  const start = () => {
    const { manager, lines } = managerOf(place, { leaderElection: false, stallMs: 3000, drainTimeoutMs: 500 })
    const { reconciled } = copier(manager, place.namespace)
    run(manager)
    return { lines, reconciled }
  }
  const putAll = (value: string) => Promise.all(names.map((name) => putParent(place, name, value)))

  test('writes once for each change and no more when the API server is killed and comes back', async () => {
    await putAll('1')
    start()
    await eventually(() => childrenIn(place), children('1'))
    expect(writesOf(place)).toHaveLength(names.length)
    await server.kill()
    await server.restart()
    await eventually(() => putAll('2').then(() => true), true)
    await eventually(() => childrenIn(place), children('2'), 40_000)
    expect(writesOf(place).filter(({ status }) => status === 200 || status === 201)).toHaveLength(2 * names.length)
  })

  test('goes on by itself after an API server that stood still', async () => {
    await putAll('1')
    start()
    await eventually(() => childrenIn(place), children('1'))
    const before = place.proxy.requests.length
    server.pause()
    // the watchdog cuts the silent watch and tries again
    await eventually(() => place.proxy.requests.length > before, true)
    server.resume()
    await putAll('2')
    await eventually(() => childrenIn(place), children('2'), 40_000)
  })

  test('converges while every second write of its own meets a conflict and somebody else writes too', async () => {
    place.proxy.faults.set({ verb: 'patch' }, { kind: 'status', status: 409 }, { every: 2, times: 1e6 })
    const { lines } = start()
    for (let round = 0; round < 20; round += 1) await putAll(String(round))
    await eventually(() => childrenIn(place), children('19'))
    // a conflict is no news
    expect(lines).toEqual([])
  })

  test('obeys 429 with Retry-After, and converges', async () => {
    place.proxy.faults.set(
      { verb: 'patch' },
      { kind: 'status', status: 429, retryAfterSeconds: 1 },
      { every: 3, times: 4 },
    )
    await putAll('1')
    start()
    await eventually(() => childrenIn(place), children('1'))
  })

  test('ends where it should though its watch is reset, repeats, and is cut off at random', async () => {
    start()
    for (let round = 0; round < 30; round += 1) {
      await putAll(String(round))
      for (const watch of place.proxy.faults.watches({ resource: 'configmaps' })) {
        if (round % 5 === 1) watch.reset()
        else if (round % 5 === 2) watch.duplicate = true
        else if (round % 5 === 3) watch.gone()
        else if (round % 5 === 4) watch.mode = 'hold'
      }
    }
    for (const watch of place.proxy.faults.watches({})) watch.reset()
    await eventually(() => childrenIn(place), children('29'), 40_000)
    await eventually(async () => {
      const { length } = writesOf(place)
      await putParent(place, 'end', String(length))
      return (await childrenIn(place))['end-child'] === String(length)
    }, true)
  })

  test('started on a view of the past repairs it without harm, and sees the present when it comes', async () => {
    await putAll('1')
    await place.proxy.faults.freeze(configMaps)
    await putAll('2')
    const { reconciled } = start()
    await eventually(() => new Set(reconciled).size, names.length)
    await eventually(() => childrenIn(place), children('1'))
    place.proxy.faults.thaw(configMaps)
    await eventually(() => childrenIn(place), children('2'))
  })

  test('does not wait behind one object that is slow', async () => {
    place.proxy.faults.set({ verb: 'patch', name: 'slow-child' }, { kind: 'stall' })
    await putParent(place, 'slow', '1')
    start()
    await putAll('1')
    await eventually(() => childrenIn(place), children('1'), 5000)
  })
})

test('an informer lists by pages where WatchList is switched off', async () => {
  const server = await startApiServer({ featureGates: { WatchList: false } })
  try {
    const client = clientOf(server.kubeconfig)
    const proxy = await proxyOf(server.kubeconfig)
    const namespace = await newNamespace(client)
    for (const name of ['a', 'b']) await client.create(configMaps, configMap(namespace, name, { value: '1' }))
    const { contents } = informerOf(clientOf(proxy.kubeconfig), { namespaces: [namespace] })
    await eventually(contents, { a: '1', b: '1' })
    await client.delete(configMaps, { namespace, name: 'a' })
    await eventually(contents, { b: '1' })
    expect(proxy.requests.map(({ verb }) => verb)).toEqual(['watch', 'list', 'watch'])
  } finally {
    await server.stop()
  }
})
