import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { accountOf, rememberAside, setAside, type Aside } from '../../src/redis/aside.ts'
import { visitRemembered } from '../../src/redis/remembered-keys.ts'
import { ReturnedWatch } from '../../src/redis/watch-returned.ts'
import type { Figure } from './figure.ts'
import { keyPrefix, loadSessions, withServer } from './one-server.ts'
import { percentile } from './statistics.ts'

const sessions = 1_000_000
const bytes = 300
const revivalsPerSecond = 2_000
const seconds = 10
const aside: Aside = { keyPrefix, shared: [], guard: '{guard}bench', marker: '{guard}bench/aside' }

/** Begins something so many times a second, without waiting for its end, until it is told to stop. */
const pace = async (perSecond: number, signal: AbortSignal, act: (index: number) => void): Promise<void> => {
  const startedMs = performance.now()
  for (let index = 0; !signal.aborted;) {
    const due = ((performance.now() - startedMs) * perSecond) / 1000
    for (; index < due; index += 1) act(index)
    await delay(1)
  }
}

const memory = async (redis: Redis): Promise<number> =>
  Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])

/** A full server with a million sessions, all of which end at once, while requests in flight bring 2,000 a second back and people log in. */
export const everybodyGuarded = async (): Promise<readonly Figure[]> =>
  await withServer(
    async ({ redis, client, open }) => {
      const observer = client()
      const [listener, worker, connection] = await Promise.all([open(), open(), open()])
      const stop = new AbortController()
      try {
        await loadSessions(redis, sessions, (pipeline, key) => void pipeline.set(key, 'x'.repeat(bytes), 'EX', 3600))
        const before = await memory(redis)
        await redis.config('SET', 'maxmemory', String(before - 1), 'maxmemory-policy', 'noeviction')
        const madeAt = new Map<string, number>()
        const exposedMs: number[] = []
        observer.on('message', (channel: string, key: string) => {
          if (channel.endsWith(':new')) madeAt.set(key, performance.now())
          const made = channel.endsWith(':del') ? madeAt.get(key) : undefined
          if (made !== undefined) exposedMs.push(performance.now() - made)
        })
        await observer.subscribe('__keyevent@0__:new', '__keyevent@0__:del')
        const full = await redis.set(`${aside.keyPrefix}:new`, 'x').catch((error: Error) => error.message)
        if (!full?.startsWith('OOM')) throw new Error('the server is not full')
        const watch = await ReturnedWatch.open({ listener, worker }, aside)
        const startedMs = performance.now()
        await setAside(connection, aside)
        const asideMs = performance.now() - startedMs
        let loginMs: number | undefined
        const revived = new Set<string>()
        const revivals = pace(revivalsPerSecond, stop.signal, (index) => {
          const key = `${aside.keyPrefix}:${(index * 7919) % sessions}`
          redis.set(key, 'x'.repeat(bytes), 'EX', 3600).then(
            () => revived.add(key),
            () => undefined,
          )
        })
        const refused: number[] = []
        const logins = pace(200, stop.signal, (index) => {
          redis.set(`${aside.keyPrefix}:new-${index}`, 'x'.repeat(bytes), 'EX', 3600).then(
            () => (loginMs ??= performance.now() - startedMs),
            () => refused.push(index),
          )
        })
        await rememberAside(connection, aside)
        const rememberedMs = performance.now() - startedMs
        await delay(seconds * 1000 - rememberedMs)
        stop.abort()
        await Promise.all([revivals, logins])
        await delay(100)
        await watch.settle()
        const left = await visitRemembered(connection, aside.guard, 'count')
        if (left.back > 0 || left.names !== sessions || (await accountOf(connection, aside))?.left !== 0)
          throw new Error(`${left.back} are back, ${left.names} names`)
        const kept = (await redis.keys(`${aside.keyPrefix}:new-*`)).length
        const tried = Math.floor((seconds * 200) / 100) * 100
        if (kept + refused.length < tried * 0.9) throw new Error(`${kept} logins were kept`)
        return [
          { name: 'a million sessions out of reach', value: asideMs, unit: 'ms' },
          { name: 'a full server takes logins again after', value: loginMs ?? Number.NaN, unit: 'ms' },
          { name: 'names remembered and sessions deleted after', value: rememberedMs, unit: 'ms' },
          {
            name: 'memory then',
            value: (await memory(redis)) / 2 ** 20,
            unit: 'MiB',
            baseline: { what: 'before', value: before / 2 ** 20 },
          },
          ...[0.5, 0.99, 1].map((share) => ({
            name: `${revived.size} came back, each deleted again after, p${share * 100}`,
            value: percentile(exposedMs, share),
            unit: 'ms',
          })),
          {
            name: 'deleted again',
            value: exposedMs.length,
            unit: '',
            baseline: { what: 'revived', value: revived.size },
          },
        ]
      } finally {
        stop.abort()
      }
    },
    // As the operator configures it, and what the observer needs.
    ['notify-keyspace-events xenEg'],
  )
