import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { byReader } from '../../src/flushes/scope/by-reader.ts'
import { inServer, type Selection } from '../../src/flushes/scope/selection.ts'
import { visitRemembered } from '../../src/redis/remembered-keys.ts'
import type { Act } from '../../src/redis/visit-keys.ts'
import { readJson } from '../../src/sessions/readers/json.ts'
import type { Figure } from './figure.ts'
import { keyPrefix, loadSessions, readMeanwhile, withServer } from './one-server.ts'
import { percentile } from './statistics.ts'

const sessions = 1_000_000
const people = 100_000
const path = ['passport', 'user']
const guard = '{guard}bench'
const run = promisify(execFile)

/** 300 bytes, as express-session with Passport writes them. */
const payload = (index: number): string => {
  const fixed = `{"cookie":{"originalMaxAge":1800000,"expires":"2026-11-27T12:30:00.000Z","httpOnly":true,"path":"/"},"cart":["","passport":{"user":"user-${index % people}"}}`
  return fixed.replace('[""', `["${'x'.repeat(300 - fixed.length - 1)}"]`)
}

const load = async (redis: Redis) =>
  await loadSessions(redis, sessions, (pipeline, key, index) => void pipeline.set(key, payload(index), 'EX', 3600))

const owners = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `user-${(index * 97) % people}`)

const inRedis = (who: readonly string[]): Selection =>
  inServer({ by: 'jsonOwner', keyPrefix, path, owners: who, maxBytes: 65_536, takeUndecodable: false })

/** Scopes on one server of this machine with a million sessions of a hundred thousand people, beside what a person would do by hand. */
export const scopedRevocation = async (): Promise<readonly Figure[]> =>
  await withServer(async ({ port, redis, client, open }) => {
    const [reader, connection] = [client(), await open()]
    await load(redis)
    const figures: Figure[] = []
    const idle = await readMeanwhile(reader, sessions, async () => delay(2_000))
    const measure = async (selection: Selection, act: Act) => {
      const { result, readMs, tookMs } = await readMeanwhile(reader, sessions, async () =>
        selection.visit(connection, act),
      )
      return { ...result, tookMs, p99: percentile(readMs, 0.99), p50: percentile(readMs, 0.5) }
    }
    const alone = async (selection: Selection, act: Act) => {
      const startedMs = performance.now()
      const result = await selection.visit(connection, act)
      return { ...result, tookMs: performance.now() - startedMs }
    }
    for (const count of [1, 1_000]) {
      const who = owners(count)
      const quiet = await alone(inRedis(who), 'count')
      const here = await alone(
        byReader({ keyPrefix, read: readJson, field: undefined, path, owners: new Set(who), takeUndecodable: false }),
        'count',
      )
      const expected = (count * sessions) / people
      if (quiet.matched !== expected || here.matched !== expected)
        throw new Error(`${quiet.matched} and ${here.matched} matched, not ${expected}`)
      const busy = await measure(inRedis(who), { rememberIn: guard })
      if (busy.matched !== expected) throw new Error(`${busy.matched} were deleted, not ${expected}`)
      figures.push(
        {
          name: `sessions examined for ${count} people, a second`,
          value: sessions / (quiet.tookMs / 1000),
          unit: '/s',
          baseline: { what: 'payloads read here', value: sessions / (here.tookMs / 1000) },
        },
        { name: `revoked of ${sessions}: ${count} people, under reads`, value: busy.tookMs, unit: 'ms' },
        ...(['p50', 'p99'] as const).map((share) => ({
          name: `GET meanwhile, ${share}`,
          value: busy[share],
          unit: 'ms',
          baseline: { what: 'idle', value: percentile(idle.readMs, share === 'p50' ? 0.5 : 0.99) },
        })),
      )
      const rounds: number[] = []
      for (let round = 0; round < 100; round += 1) {
        const startedMs = performance.now()
        await visitRemembered(connection, guard, 'delete')
        rounds.push(performance.now() - startedMs)
      }
      const names = await connection.call(['SCARD', guard])
      figures.push({
        name: `a round of the guard over ${String(names)} names, p99`,
        value: percentile(rounds, 0.99),
        unit: 'ms',
      })
      await redis.unlink(guard)
      await load(redis)
    }
    const pattern = `${keyPrefix}:*`
    const byHand = `redis-cli -p ${port} --scan --pattern '${pattern}' | xargs redis-cli -p ${port} unlink`
    const handStartedMs = performance.now()
    await run('sh', ['-c', byHand])
    const handMs = performance.now() - handStartedMs
    await load(redis)
    const quiet = await alone(inServer({ by: 'glob', glob: pattern }), 'delete')
    await load(redis)
    const busy = await measure(inServer({ by: 'glob', glob: pattern }), { rememberIn: guard })
    figures.push(
      {
        name: 'a pattern that matches 1,000,000, deleted',
        value: quiet.tookMs,
        unit: 'ms',
        baseline: { what: 'redis-cli --scan | xargs redis-cli unlink', value: handMs },
      },
      { name: 'the same, remembered, under reads', value: busy.tookMs, unit: 'ms' },
      {
        name: 'GET meanwhile, p99',
        value: busy.p99,
        unit: 'ms',
        baseline: { what: 'idle', value: percentile(idle.readMs, 0.99) },
      },
    )
    return figures
  })
