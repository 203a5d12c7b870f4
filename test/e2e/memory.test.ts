import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { connectClient, redisThrough, store, untilReady } from './fixtures.ts'
import { readAll } from './load/read-all.ts'
import { secretData } from './objects.ts'
import { statusOf, topology, untilWhole } from './replicated/fixture.ts'
import { suite } from './suite.ts'
import { openTunnel } from './tunnel.ts'

const at = suite('e2e-memory')

const mib = 2 ** 20
/** Of the size of a fat session, and not to be compressed: a file of it is as large as it is. */
const value = (bytes = 2_000) => randomBytes(bytes).toString('latin1')

/** What becomes of one write each: `ok` or the error's first word. */
const write = async (redis: Redis, from: number, count: number, ttlSeconds: number): Promise<readonly string[]> => {
  const pipeline = redis.pipeline()
  for (let index = from; index < from + count; index += 1)
    pipeline.set(`shop:session:${index}`, value(), 'EX', ttlSeconds)
  const results = (await pipeline.exec()) ?? []
  return results.map(([error]) => (error === null ? 'ok' : (error.message.split(' ')[0] ?? '')))
}

const restarts = async (name: string): Promise<readonly unknown[]> => {
  const { objects, namespace } = at()
  const pods = await objects.list('pod', namespace, '-l', `app.kubernetes.io/instance=${name}`)
  return pods.map(({ metadata, status }) => {
    const [container] = (status as { containerStatuses: { restartCount: number; lastState: object }[] })
      .containerStatuses
    return [metadata.name, container?.restartCount, container?.lastState]
  })
}

const shapes = [
  ['nothing on disk', 'none', {}],
  ['an append-only file', 'aof', { persistence: { mode: 'AppendOnly' } }],
  ['a snapshot every 10 s', 'rdb', { persistence: { mode: 'Snapshot', snapshotInterval: '10s' } }],
  ['a replica that reads everything anew', 'three', topology()],
] as const

test.each(shapes)(
  '%s: filled ten times over by six writers at once, the container keeps within its limit',
  async (_what, name, spec) => {
    const { cluster, objects, namespace } = at()
    const memory = { maxmemory: '64Mi', evictionPolicy: 'volatile-ttl' }
    await objects.apply(store(namespace, name, { spec: { memory, ...spec } }))
    const replicated = name === 'three'
    await (replicated ? untilWhole(at(), name) : untilReady(objects, namespace, name))
    const secret = secretData(await objects.get('secret', `${name}-web`, namespace))
    const { clusterIP } = (await objects.get('service', name, namespace))['spec'] as { clusterIP: string }
    const tunnel = await openTunnel(cluster, namespace, 'client', clusterIP, 6379)
    const writers = Array.from({ length: 6 }, () => redisThrough(tunnel, secret))
    const bytes = 10 * 64 * mib
    const batch = 500
    let next = 0
    const outcomes = new Set<string>()
    const work = writers.map(async (redis) => {
      while (next * 2_600 < bytes) {
        const from = next
        next += batch
        for (const outcome of await write(redis, from, batch, 3_600 + from)) outcomes.add(outcome)
      }
    })
    if (replicated) {
      // In the thick of it one of them is made anew, and takes over everything by a fork of the primary. Not both: nobody may write to a primary alone.
      const { primary } = statusOf(await objects.get('sessionstore', name, namespace))
      const replica = [`${name}-1`, `${name}-2`].find((pod) => pod !== primary?.current) ?? ''
      await objects.delete('pod', replica, namespace, '--wait=false')
    }
    await Promise.all(work)
    expect([...outcomes]).toEqual(['ok'])
    if (replicated) await untilWhole(at(), name)
    for (const [pod, restartCount, lastState] of (await restarts(name)) as [string, number, object][])
      expect([pod, restartCount, lastState]).toEqual([pod, 0, {}])
    for (const redis of writers) redis.disconnect()
    await tunnel.close()
    await objects.delete('sessionstore', name, namespace)
  },
)

const policies = [
  ['noeviction', {}, 'a login fails, and nobody is logged out'],
  ['volatile-ttl', {}, 'whose session ends next is logged out'],
  ['volatile-lru', {}, 'who has not been there for long is logged out'],
  [
    'allkeys-lru',
    { acknowledgeSessionEviction: true },
    'who has not been there for long is logged out, whatever his session says',
  ],
] as const

test.each(policies)('filled to the brim with %s %j: %s', async (evictionPolicy, acknowledged) => {
  const { cluster, objects, namespace } = at()
  const name = evictionPolicy
  await objects.apply(
    store(namespace, name, { spec: { memory: { maxmemory: '8Mi', evictionPolicy, ...acknowledged } } }),
  )
  await untilReady(objects, namespace, name)
  const client = await connectClient(cluster, objects, namespace, name)
  const { redis } = client
  // One who is there all the time, and whose session ends last.
  await redis.set('shop:session:here', 'v', 'EX', 90_000)
  await redis.set('shop:session:endless', 'v')
  // Some 2,100 fit.
  const [early, all] = [2_000, 3_000]
  const outcomes: string[] = []
  for (let from = 0; from < all; from += 100) {
    // Redis counts idle time in whole seconds.
    if (from === early) await delay(3_000)
    await redis.get('shop:session:here')
    outcomes.push(...(await write(redis, from, 100, 3_600 + from)))
  }
  const keys = Array.from({ length: all }, (_, index) => `shop:session:${index}`)
  const found = (await readAll(redis, keys)).map((each) => each !== null)
  const there = (from: number, to: number) => found.slice(from, to).filter(Boolean).length
  // What was used least is guessed from a few (src/evict.c): now and then it is somebody who has just been there.
  if (!evictionPolicy.endsWith('lru')) expect(await redis.get('shop:session:here')).toBe('v')
  if (evictionPolicy === 'noeviction') {
    expect([...new Set(outcomes)].toSorted()).toEqual(['OOM', 'ok'])
    expect(there(0, all)).toBe(outcomes.filter((each) => each === 'ok').length)
  } else {
    expect([...new Set(outcomes)]).toEqual(['ok'])
    // Redis looks at a few at a time: most of them, not every one.
    const lost = (from: number, to: number) => 1 - there(from, to) / (to - from)
    expect(lost(0, early)).toBeGreaterThan(0.2)
    expect(lost(early, all)).toBeLessThan(lost(0, early) / 2)
    if (evictionPolicy !== 'allkeys-lru') expect(await redis.get('shop:session:endless')).toBe('v')
  }
  redis.disconnect()
  await client.close()
  await objects.delete('sessionstore', name, namespace)
})
