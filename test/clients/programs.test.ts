import { beforeAll, expect, test } from 'vitest'
import { conditionOf, type KubeObject } from '../e2e/objects.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { suite } from '../e2e/suite.ts'
import { programNames, readyProgram, type ProgramName } from './programs.ts'
import { lifetimeSeconds, runProgram, startClient, storeFor } from './run-program.ts'

const at = suite('clients-programs')

beforeAll(async () => {
  const { objects, namespace } = at()
  await objects.apply(
    ...programNames.map((preset, index) => storeFor(namespace, preset, index % 2 === 0 ? 'Redis' : 'Valkey')),
  )
  for (const preset of programNames) await readyProgram(preset, console.log)
})

const all = { alive: 20, refused: 0, errors: 0 }
const none = { alive: 0, refused: 20, errors: 0 }

const twoAlive = { alive: 2, refused: 0, errors: 0 }
const othersAlive = { alive: 18, refused: 0, errors: 0 }
const twoEnded = {
  flush: 'Completed, Verified',
  found: 2,
  those: { alive: 0, refused: 2, errors: 0 },
  others: othersAlive,
}
/** Gone from Redis, and read again from SQL. */
const notInSql = { ...twoEnded, those: twoAlive }
/** It keeps the rest of a session for 5 minutes after a logout: those of before end as well. */
const indexed = { ...twoEnded, found: 4 }
const revoked = (preset: ProgramName) => {
  if (preset === 'django-cached-db') return notInSql
  return preset === 'spring-session-indexed' ? indexed : twoEnded
}

/** Those whose users who only read notice nothing of a fence; the others write each session on each request. */
const readOn = new Set<ProgramName>(['django-cache', 'django-cached-db', 'gorilla-redistore', 'koa', 'lucia', 'scs'])

test.each(programNames)(
  '%s logs in, reads, changes and logs out with the rights of its preset, asks for no others, and gives every session an end',
  async (preset) => {
    const run = await runProgram(at(), preset)
    expect(run).toMatchObject({ loggedIn: all, changesFailed: 0, logoutsFailed: 0, loggedOut: none, refusals: [] })
    const [least, greatest] = run.timeToLive
    expect(least).toBeGreaterThan(lifetimeSeconds - 60)
    // Koa adds 10 s, Spring's index 5 minutes.
    expect(greatest).toBeLessThanOrEqual(lifetimeSeconds + 300)
    // A copy in SQL outlives what is in Redis, and takes what Redis refuses: the preset says so in every flush.
    const inSql = preset === 'django-cached-db'
    expect(run.ended).toEqual(inSql ? all : none)
    expect(run.fenced).toEqual({
      reads: readOn.has(preset) ? '200: 20' : '500: 20',
      logins: inSql ? '200: 20' : expect.not.stringContaining('200'),
      newKeys: 0,
    })
    expect(run.afterFence).toEqual(all)
    expect(run.revoked).toEqual(revoked(preset))
  },
)

test('a Spring session that is used all the time ends at its absolute age, not before, and that is on record', async () => {
  const { objects, namespace } = at()
  const name = 'spring-session'
  const absoluteMs = 20_000
  const ttl = { absolute: `${absoluteMs / 1000}s`, enforcement: 'Enforce' }
  await objects.patch('sessionstore', name, namespace, { spec: { sessions: { ttl } } })
  const spring = await startClient(at(), name)
  let firstEndMs: number | undefined
  try {
    const beganMs = performance.now()
    const cookies = await spring.people.logIn(20)
    await waitUntil(
      'every session has ended',
      async () => {
        // Each of these requests renews its session.
        const { alive } = await spring.people.check(cookies)
        if (alive < 20) firstEndMs ??= performance.now() - beganMs
        // A request in flight may leave a part of its session behind, with which nobody is logged in: the next sweep ends that.
        return alive === 0
      },
      // One sweep each 30 s at the latest.
      { timeoutMs: absoluteMs + 45_000, intervalMs: 500 },
    )
  } finally {
    await spring.close()
  }
  expect(firstEndMs).toBeGreaterThanOrEqual(absoluteMs)
  const sessions = (object: KubeObject) => (object['status'] as { sessions?: { endedTotal?: number } }).sessions
  const isCounted = (object: KubeObject) => (sessions(object)?.endedTotal ?? 0) >= 20
  const found = await objects.until('sessionstore', name, namespace, 'counted', isCounted)
  expect(conditionOf(found, 'PolicyMet')?.status).toBe('True')
  const records = await objects.list('auditrecords', namespace)
  const entries = records.map(({ spec }) => (spec as { entry: { type: string; details: { ended?: number } } }).entry)
  expect(entries.filter(({ type }) => type === 'PolicyEnforced').length).toBe(1)
})
