import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { waitUntil } from '../cluster/wait-until.ts'
import {
  connectClient,
  countSessions,
  flush,
  isReady,
  redisThrough,
  store,
  untilReady,
  writeSessions,
} from './fixtures.ts'
import { conditionOf, isTrue, type KubeObject } from './objects.ts'
import { derivedPassword, readMasterKey } from './derived-password.ts'
import { suite } from './suite.ts'
import { openTunnel } from './tunnel.ts'

const at = suite('e2e-flush')

interface FlushStatus {
  readonly phase: string
  readonly plan?: { readonly matched: number; readonly method: string; readonly costs: readonly string[] }
  readonly nodes?: readonly {
    readonly before: number
    readonly revoked: number
    readonly remaining: number
    readonly runId: string
  }[]
  readonly auditRecords?: readonly string[]
  readonly fence?: { readonly runId: string; readonly deletedAtMs: number }
}

const statusOf = (object: KubeObject): FlushStatus => object['status'] as FlushStatus

const untilPhase = (name: string, phase: string, timeoutMs = 60_000) =>
  at().objects.until(
    'flushsessions',
    name,
    at().namespace,
    phase,
    (each) => (each['status'] as FlushStatus | undefined)?.phase === phase,
    timeoutMs,
  )

/** What holds a flush until its end is on record goes right after that, with a write of its own. */
const untilReleased = (name: string) =>
  at().objects.until('flushsessions', name, at().namespace, 'released', (each) => !each.metadata.finalizers?.length)

const untilFenced = (name: string) =>
  at().objects.until('flushsessions', name, at().namespace, 'fenced', (each) => isTrue(each, 'Deleted'))

const recordsOf = async (storeName: string) => {
  const { objects, namespace } = at()
  const { metadata } = await objects.get('sessionstore', storeName, namespace)
  const records = await objects.list(
    'auditrecords',
    namespace,
    '-l',
    `sessionstore.dev/store-uid=${metadata.uid ?? ''}`,
  )
  return records.map((record) => (record['spec'] as { entry: { type: string; subject: { name: string } } }).entry)
}

const prepared = async (name: string, sessions: number, spec: Readonly<Record<string, unknown>> = {}) => {
  const { cluster, objects, namespace } = at()
  await objects.apply(store(namespace, name, { spec }))
  await untilReady(objects, namespace, name)
  const client = await connectClient(cluster, objects, namespace, name)
  await writeSessions(client.redis, sessions)
  return {
    redis: client.redis,
    done: async () => {
      client.redis.disconnect()
      await client.close()
      await objects.delete('sessionstore', name, namespace)
    },
  }
}

const killRedis = async (storeName: string): Promise<void> => {
  const { cluster, namespace } = at()
  process.kill(await cluster.containerPid(namespace, `${storeName}-0`, 'redis'), 'SIGKILL')
}

test('every session is gone, reads went on, writes were refused until the end, and the record says so', async () => {
  const { objects, namespace } = at()
  const { redis, done } = await prepared('all', 10_000)
  await objects.create(flush(namespace, 'all', 'all', { drain: '10s' }))
  await untilFenced('all')
  expect(await redis.get('shop:session:1')).toBeNull()
  await expect(redis.set('shop:session:1', 'revived')).rejects.toThrow('NOPERM')
  const completed = statusOf(await untilPhase('all', 'Completed'))
  expect(completed.plan).toMatchObject({ matched: 10_000, method: 'FlushDatabase' })
  expect(completed.nodes).toMatchObject([{ before: 10_000, revoked: 10_000, remaining: 0 }])
  expect(await countSessions(redis, 10_000)).toBe(0)
  expect(await redis.set('shop:session:new', 'a login', 'EX', 60)).toBe('OK')
  expect(await recordsOf('all')).toMatchObject([{ type: 'FlushIntended' }, { type: 'FlushCompleted' }])
  const after = await objects.get('sessionstore', 'all', namespace)
  expect(after['status']).toMatchObject({ flushEpoch: 1, audit: { sequence: 2 } })
  await untilReleased('all')
  await done()
})

test('a dry run counts, names the costs, and changes nothing', async () => {
  const { objects, namespace } = at()
  const { redis, done } = await prepared('dry', 1000)
  await objects.create(flush(namespace, 'dry', 'dry', { spec: { dryRun: true } }))
  const completed = statusOf(await untilPhase('dry', 'Completed'))
  expect(completed.plan?.matched).toBe(1000)
  expect(completed.plan?.costs.join(' ')).toContain('logs in again')
  expect(await countSessions(redis, 1000)).toBe(1000)
  expect(await recordsOf('dry')).toEqual([])
  await done()
})

test('two flushes of one store go one after the other', async () => {
  const { objects, namespace } = at()
  const { done } = await prepared('queue', 10)
  await objects.create(flush(namespace, 'queue-a', 'queue', { drain: '10s' }))
  await untilFenced('queue-a')
  await objects.create(flush(namespace, 'queue-b', 'queue', { drain: '1s' }))
  const queued = await objects.until(
    'flushsessions',
    'queue-b',
    namespace,
    'queued',
    (each) => conditionOf(each, 'Planned')?.reason === 'Queued',
  )
  expect(conditionOf(queued, 'Planned')?.message).toContain('queue-a')
  await untilPhase('queue-a', 'Completed')
  await untilPhase('queue-b', 'Completed')
  expect((await recordsOf('queue')).map(({ type, subject }) => `${subject.name} ${type}`)).toEqual([
    'queue-a FlushIntended',
    'queue-a FlushCompleted',
    'queue-b FlushIntended',
    'queue-b FlushCompleted',
  ])
  await done()
})

test.each([
  [
    'aborted',
    'Aborted',
    async (name: string) =>
      await at().objects.patch('flushsessions', name, at().namespace, {
        spec: {
          abort: { reason: 'A mistake' },
        },
      }),
  ],
] as const)('a flush that is %s lifts its fence at once and is on record', async (word, phase, act) => {
  const { objects, namespace } = at()
  const name = `flush-${word}`
  const { redis, done } = await prepared(name, 100)
  await objects.create(flush(namespace, name, name, { drain: '60s' }))
  await untilFenced(name)
  await act(name)
  await untilPhase(name, phase, 10_000)
  expect(await redis.set('shop:session:new', 'a login', 'EX', 60)).toBe('OK')
  expect((await recordsOf(name)).map(({ type }) => type)).toEqual(['FlushIntended', 'FlushAborted'])
  await done()
})

test('a flush that is deleted lifts its fence first', async () => {
  const { objects, namespace } = at()
  const { redis, done } = await prepared('deleted', 100)
  await objects.create(flush(namespace, 'deleted', 'deleted', { drain: '60s' }))
  await untilFenced('deleted')
  await objects.delete('flushsessions', 'deleted', namespace, '--wait=true', '--timeout=20s')
  expect(await redis.set('shop:session:new', 'a login', 'EX', 60)).toBe('OK')
  expect((await recordsOf('deleted')).map(({ type }) => type)).toEqual(['FlushIntended', 'FlushAborted'])
  await done()
})

test.each([
  ['without persistence', {}],
  ['with an append-only file', { persistence: { mode: 'AppendOnly' } }],
])('Redis killed right after the deletion, %s: fenced and drained anew, nothing comes back', async (how, spec) => {
  const { objects, namespace } = at()
  const name = how.includes('append') ? 'killed-aof' : 'killed'
  const { redis, done } = await prepared(name, 10_000, spec)
  await objects.create(flush(namespace, name, name, { drain: '12s' }))
  const first = statusOf(await untilFenced(name)).fence
  await killRedis(name)
  const completed = statusOf(await untilPhase(name, 'Completed'))
  expect(completed.fence?.runId).not.toBe(first?.runId)
  expect(completed.nodes).toMatchObject([{ before: 10_000, revoked: 10_000, remaining: 0 }])
  expect(await countSessions(redis, 10_000)).toBe(0)
  expect((await recordsOf(name)).map(({ type }) => type)).toEqual(['FlushIntended', 'FlushCompleted'])
  await waitUntil('a login works', async () => (await redis.set('shop:session:new', 'a login', 'EX', 60)) === 'OK', {
    timeoutMs: 20_000,
  })
  await done()
})

test('the text of a session is in the append-only file before a flush, and in no file after it', async () => {
  const { objects, namespace } = at()
  const { redis, done } = await prepared('scrubbed', 1000, { persistence: { mode: 'AppendOnly' } })
  await redis.set('shop:session:marked', 'payload-to-be-forgotten', 'EX', 3600)
  const filesWithIt = async () =>
    Number(
      await objects.run([
        'exec',
        '-n',
        namespace,
        'scrubbed-0',
        '-c',
        'redis',
        '--',
        'sh',
        '-c',
        'grep -rl payload-to-be-forgotten /data | wc -l',
      ]),
    )
  await waitUntil('the file has it', async () => (await filesWithIt()) > 0, { timeoutMs: 10_000 })
  await objects.create(flush(namespace, 'scrubbed', 'scrubbed', { drain: '1s' }))
  expect(isTrue(await untilPhase('scrubbed', 'Completed'), 'Scrubbed')).toBe(true)
  expect(await filesWithIt()).toBe(0)
  await done()
})

test('a flush that cannot finish within maxFence lets the application write again, and fails', async () => {
  const { objects, namespace } = at()
  const { redis, done } = await prepared('timeout', 100)
  await objects.create(flush(namespace, 'timeout', 'timeout', { spec: { limits: { drain: '20s', maxFence: '22s' } } }))
  await untilFenced('timeout')
  await waitUntil(
    'the drain is well under way',
    async () => {
      const { deletedAtMs } = statusOf(await objects.get('flushsessions', 'timeout', namespace)).fence ?? {
        deletedAtMs: Number.MAX_VALUE,
      }
      return Date.now() - deletedAtMs > 3000
    },
    { timeoutMs: 10_000 },
  )
  await killRedis('timeout')
  const failed = await untilPhase('timeout', 'Failed', 40_000)
  expect(conditionOf(failed, 'Verified')).toMatchObject({ status: 'False', reason: 'FenceTimeout' })
  await waitUntil(
    'writes are allowed',
    async () => (await redis.set('shop:session:new', 'a login', 'EX', 60)) === 'OK',
    { timeoutMs: 20_000 },
  )
  expect((await recordsOf('timeout')).map(({ type }) => type)).toEqual(['FlushIntended', 'FlushFailed'])
  await done()
})

test('a fence whose flush was removed by force is lifted by the store', async () => {
  const { objects, namespace } = at()
  const { redis, done } = await prepared('orphan', 10)
  await objects.create(flush(namespace, 'orphan', 'orphan', { drain: '60s' }))
  await untilFenced('orphan')
  // Somebody marks the ACL with a flush that never was; the real one ends, and its own fence is not this one.
  await objects.patch('flushsessions', 'orphan', namespace, { spec: { abort: { reason: 'A test' } } })
  await untilPhase('orphan', 'Aborted')
  await objects.patch('secret', 'orphan-acl', namespace, {
    metadata: { annotations: { 'sessionstore.dev/fence': 'a-flush-that-is-gone' } },
  })
  await objects.patch('sessionstore', 'orphan', namespace, { metadata: { annotations: { looked: 'at' } } })
  await waitUntil(
    'the annotation is gone',
    async () =>
      (await objects.get('secret', 'orphan-acl', namespace)).metadata.annotations?.['sessionstore.dev/fence'] ===
      undefined,
    { timeoutMs: 20_000 },
  )
  expect(await redis.set('shop:session:new', 'a login', 'EX', 60)).toBe('OK')
  await done()
})

test('of two flushes created at once, each has the fence for its own full drain', async () => {
  const { objects, namespace } = at()
  const { redis, done } = await prepared('race', 100)
  await Promise.all(['race-a', 'race-b'].map((name) => objects.create(flush(namespace, name, 'race', { drain: '3s' }))))
  const ends = await Promise.all(
    ['race-a', 'race-b'].map(async (name) => statusOf(await untilPhase(name, 'Completed'))),
  )
  const [first = 0, second = 0] = ends.map(({ fence }) => fence?.deletedAtMs ?? 0).toSorted((a, b) => a - b)
  expect(second - first).toBeGreaterThanOrEqual(3000)
  expect(await redis.set('shop:session:new', 'a login', 'EX', 60)).toBe('OK')
  await done()
})

test('a fence that somebody broke is put up again, with a new deletion and a full drain', async () => {
  const { objects, namespace } = at()
  const { redis, done } = await prepared('broken', 100)
  await objects.create(flush(namespace, 'broken', 'broken', { drain: '30s' }))
  const first = statusOf(await untilFenced('broken')).fence?.deletedAtMs ?? 0
  let looks = 0
  await waitUntil(
    'a session comes through the hole',
    async () => {
      // The flush may look before the store does, and put the fence up again: then the hole is made again.
      await objects.delete('secret', 'broken-acl', namespace)
      await objects.patch('sessionstore', 'broken', namespace, {
        metadata: { annotations: { looked: `${(looks += 1)}` } },
      })
      const untilMs = performance.now() + 2_000
      while (performance.now() < untilMs) {
        const written = await redis.set('shop:session:1', 'revived', 'EX', 60).catch(() => undefined)
        if (written === 'OK') return true
        await delay(10)
      }
      return false
    },
    { timeoutMs: 25_000 },
  )
  const completed = statusOf(await untilPhase('broken', 'Completed'))
  expect((completed.fence?.deletedAtMs ?? 0) - first).toBeGreaterThan(0)
  expect(await redis.get('shop:session:1')).toBeNull()
  await done()
})

test('a spec that cannot be carried out does not keep a flush from its end', async () => {
  const { objects, namespace } = at()
  const { redis, done } = await prepared('unknown', 100)
  await objects.create(flush(namespace, 'unknown', 'unknown', { drain: '3s' }))
  await untilFenced('unknown')
  await objects.patch('sessionstore', 'unknown', namespace, { spec: { engine: { version: '9.9' } } })
  await untilPhase('unknown', 'Completed')
  expect(await redis.set('shop:session:new', 'a login', 'EX', 60)).toBe('OK')
  await done()
})

test('a paused store loses a fence that nobody holds', async () => {
  const { objects, namespace } = at()
  const { redis, done } = await prepared('asleep', 10)
  await objects.patch('sessionstore', 'asleep', namespace, { spec: { maintenance: { paused: true } } })
  await objects.patch('secret', 'asleep-acl', namespace, {
    metadata: { annotations: { 'sessionstore.dev/fence': 'gone' } },
  })
  await objects.patch('sessionstore', 'asleep', namespace, { metadata: { annotations: { looked: 'at' } } })
  await waitUntil(
    'the annotation is gone',
    async () =>
      (await objects.get('secret', 'asleep-acl', namespace)).metadata.annotations?.['sessionstore.dev/fence'] ===
      undefined,
    { timeoutMs: 20_000 },
  )
  expect(await redis.set('shop:session:new', 'a login', 'EX', 60)).toBe('OK')
  await done()
})

test('a flush whose store is deleted meanwhile fails, and the chain of the store gets its end', async () => {
  const { objects, namespace } = at()
  const { done } = await prepared('vanished', 10)
  const { metadata } = await objects.get('sessionstore', 'vanished', namespace)
  await objects.create(flush(namespace, 'vanished', 'vanished', { drain: '15s' }))
  await untilFenced('vanished')
  await done()
  const failed = await untilPhase('vanished', 'Failed')
  expect(isTrue(failed, 'Deleted')).toBe(true)
  await untilReleased('vanished')
  const records = await objects.list(
    'auditrecords',
    namespace,
    '-l',
    `sessionstore.dev/store-uid=${metadata.uid ?? ''}`,
  )
  expect(records.map((record) => (record['spec'] as { entry: { type: string } }).entry.type)).toEqual([
    'FlushIntended',
    'FlushFailed',
  ])
})

test('a flush of a store that is not there fails and says what to correct', async () => {
  const { objects, namespace } = at()
  await objects.create(flush(namespace, 'nowhere', 'nowhere'))
  const failed = await untilPhase('nowhere', 'Failed')
  expect(conditionOf(failed, 'Planned')?.message).toContain('spec.storeRef.name')
})

test('where somebody could write outside of the prefix, only the prefix is deleted, and for ever', async () => {
  const { cluster, objects, namespace } = at()
  const { redis, done } = await prepared('shared', 1000)
  const { metadata } = await objects.get('sessionstore', 'shared', namespace)
  const password = derivedPassword(await readMasterKey(objects), 'operator', metadata.uid)
  const { clusterIP } = (await objects.get('service', 'shared', namespace))['spec'] as { clusterIP: string }
  const tunnel = await openTunnel(cluster, namespace, 'client', clusterIP, 6379)
  const admin = redisThrough(tunnel, { username: 'operator', password })
  await admin.call('ACL', 'SETUSER', 'mallory', 'on', 'nopass', '~*', '+set', '+get')
  const mallory = redisThrough(tunnel, { username: 'mallory', password: 'any' })
  await mallory.set('jobs:1', 'not a session')
  await objects.patch('sessionstore', 'shared', namespace, { metadata: { annotations: { looked: 'at' } } })
  await objects.until(
    'sessionstore',
    'shared',
    namespace,
    'not confined',
    (each) => (each['status'] as { confined?: { value: boolean } }).confined?.value === false,
  )
  await objects.create(flush(namespace, 'shared', 'shared', { drain: '1s' }))
  const completed = statusOf(await untilPhase('shared', 'Completed'))
  expect(completed.plan).toMatchObject({ matched: 1000, method: 'ScanAndUnlink' })
  expect(completed.nodes).toMatchObject([{ revoked: 1000, remaining: 0 }])
  expect(await countSessions(redis, 1000)).toBe(0)
  expect(await admin.call('DBSIZE')).toBe(1)
  for (const each of [admin, mallory]) each.disconnect()
  await tunnel.close()
  expect(isReady(await objects.get('sessionstore', 'shared', namespace))).toBe(true)
  await done()
})
