import { setTimeout as delay } from 'node:timers/promises'
import { sweepTtl } from '../../src/redis/sweep.ts'
import type { Figure } from './figure.ts'
import { keyPrefix, loadSessions, readMeanwhile, withServer } from './one-server.ts'
import { percentile } from './statistics.ts'

const sessions = 1_000_000

/** The TTL policy over a million sessions on one server of this machine, a fifth of which never end. */
export const ttlPolicy = async (): Promise<readonly Figure[]> =>
  await withServer(async ({ redis, client, open }) => {
    const [reader, connection] = [client(), await open()]
    const limits = { defaultMs: 1_800_000, maxMs: 43_200_000, absoluteMs: undefined, birth: undefined, exempt: [] }
    const clock = {
      monotonicMs: () => performance.now(),
      sleep: async (ms: number, signal?: AbortSignal) => await delay(ms, undefined, signal ? { signal } : {}),
    }
    const sweep = async (act: boolean) => await sweepTtl(connection, keyPrefix, limits, act, clock)
    await loadSessions(redis, sessions, (pipeline, key, index) => {
      if (index % 5 === 0) pipeline.set(key, 'x'.repeat(300))
      else pipeline.set(key, 'x'.repeat(300), 'EX', 1800)
    })
    const reading = async (work: () => Promise<unknown>) => await readMeanwhile(reader, sessions, work, 1)
    const idle = await reading(async () => delay(2_000))
    let found = 0
    const look = await reading(async () => (found = (await sweep(false)).immortal))
    let corrected = 0
    const act = await reading(async () => (corrected = (await sweep(true)).corrected))
    const left = (await sweep(false)).immortal
    if (found !== sessions / 5 || corrected !== found || left !== 0)
      throw new Error(`${found} found, ${corrected} corrected, ${left} left`)
    const percentiles = (what: string, readMs: readonly number[]): readonly Figure[] =>
      ([0.5, 0.99] as const).map((share) => ({
        name: `GET while they are ${what}, p${share * 100}`,
        value: percentile(readMs, share),
        unit: 'ms',
        baseline: { what: 'idle', value: percentile(idle.readMs, share) },
      }))
    return [
      { name: `${found} immortal of ${sessions} found`, value: look.tookMs / 1000, unit: 's' },
      ...percentiles('looked for', look.readMs),
      { name: 'given a time to live', value: act.tookMs / 1000, unit: 's' },
      ...percentiles('corrected', act.readMs),
    ]
  })
