import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { connectClient, countSessions, flush, operatorNamespace, store, untilReady, writeSessions } from './fixtures.ts'
import { readAll } from './load/read-all.ts'
import { conditionOf, isTrue, type KubeObject } from './objects.ts'
import { suite } from './suite.ts'

const at = suite('e2e-scoped')

interface Status {
  readonly phase?: string
  readonly plan?: {
    readonly matched: number
    readonly undecodable?: number
    readonly percent: number
    readonly method: string
    readonly scopeFingerprint?: string
  }
  readonly guard?: { readonly names: number; readonly startedAt: string }
  readonly nodes?: readonly { readonly revoked: number; readonly remaining: number }[]
  readonly resurrections?: { readonly removed: number }
  readonly outcome?: { readonly reason: string; readonly message: string }
  readonly auditRecords?: readonly string[]
}

const statusOf = (object: KubeObject): Status => object['status'] ?? {}

const untilEnded = async (name: string): Promise<Status> =>
  statusOf(
    await at().objects.until('flushsessions', name, at().namespace, 'ended', (each) =>
      ['Completed', 'Failed', 'Aborted'].includes(statusOf(each).phase ?? ''),
    ),
  )

const untilDeleted = (name: string) =>
  at().objects.until('flushsessions', name, at().namespace, 'deleted', (each) => isTrue(each, 'Deleted'))

/** A store whose sessions say whose they are in `user`. */
const prepared = async (name: string, spec: Readonly<Record<string, unknown>> = {}) => {
  const { cluster, objects, namespace } = at()
  const sessions = { client: 'express', keyPrefix: 'shop:session', principalPath: ['user'] }
  await objects.apply(store(namespace, name, { spec: { sessions, ...spec } }))
  await untilReady(objects, namespace, name)
  const client = await connectClient(cluster, objects, namespace, name)
  return {
    redis: client.redis,
    done: async () => {
      client.redis.disconnect()
      await client.close()
      await objects.delete('sessionstore', name, namespace)
    },
  }
}

const list = async (name: string, key: string, entries: readonly string[]) => {
  const { objects, namespace } = at()
  const stringData = { [key]: `${entries.join('\n')}\n` }
  await objects.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData })
  return { secretRef: { name } }
}

/** Long enough for what a test does meanwhile on a busy machine. */
const meanwhile = '8s'

const scoped = async (name: string, storeName: string, scope: object, spec: object = {}, drain = '1s') => {
  const { objects, namespace } = at()
  await objects.create(flush(namespace, name, storeName, { drain, spec: { scope, ...spec } }))
}

/** How many of these sessions are there, read as the application may. */
const there = async (redis: Redis, ...ids: readonly string[]): Promise<number> =>
  (
    await readAll(
      redis,
      ids.map((id) => `shop:session:${id}`),
    )
  ).filter((value) => value !== null).length

const user = (name: string): string => `{"cookie":{},"user":"${name}"}`

test('the sessions of some people end, and come back no more; everybody else goes on, logins as well', async () => {
  const { objects, namespace } = at()
  const { redis, done } = await prepared('people')
  await writeSessions(redis, 1000)
  await redis.set('shop:session:second', user('user-7'), 'EX', 600)
  await redis.set('shop:session:lookalike', user('user-77-user-7'), 'EX', 600)
  // Names that stand nowhere else.
  await redis.set('shop:session:canary-id-4f1e', user('canary-owner-9b2c'), 'EX', 600)
  const principals = await list('people-list', 'principals', ['user-7', 'user-8', 'nobody', 'canary-owner-9b2c'])
  await scoped('people', 'people', { principals }, {}, meanwhile)
  await untilDeleted('people')
  // Requests in flight write back what they had read; somebody in scope logs in again; others are written as ever.
  for (let round = 0; round < 5; round += 1) {
    await redis.set('shop:session:7', user('user-7'), 'EX', 600)
    await redis.set('shop:session:9', user('user-9'), 'EX', 600)
    await delay(200)
    expect(await redis.get('shop:session:7'), 'a session that was written back').toBeNull()
  }
  await redis.set('shop:session:again', user('user-7'), 'EX', 600)
  const ended = await untilEnded('people')
  expect(ended).toMatchObject({
    phase: 'Completed',
    plan: { matched: 4, percent: 1, method: 'ScanAndUnlink' },
    guard: { names: 4 },
    nodes: [{ revoked: 4, remaining: 0 }],
    resurrections: { removed: 5 },
  })
  expect(await there(redis, '7', '8', 'second')).toBe(0)
  expect(await there(redis, 'again', 'lookalike', '9')).toBe(3)
  expect(await countSessions(redis, 1000)).toBe(998)

  const records = await objects.list('auditrecords', namespace)
  const logs = await objects.run([
    'logs',
    '-n',
    operatorNamespace,
    '-l',
    'app.kubernetes.io/name=session-store-operator',
    '--tail=-1',
  ])
  const pods = await objects.run(['get', 'pods', '-n', operatorNamespace, '-o', 'jsonpath={.items[*].metadata.name}'])
  const metricsOf = async (pod: string) =>
    await objects.run(['get', '--raw', `/api/v1/namespaces/${operatorNamespace}/pods/${pod}:8080/proxy/metrics`])
  const metrics = (await Promise.all(pods.split(' ').map(metricsOf))).join('')
  expect(metrics).toContain(`namespace="${namespace}"`)
  const said = JSON.stringify([records, ended, await objects.list('events', namespace), logs, metrics])
  expect(said).toContain(ended.plan?.scopeFingerprint)
  expect(logs).toContain(namespace)
  for (const secret of ['canary-owner', 'canary-id']) expect(said).not.toContain(secret)
  await done()
})

test('ids end by the cookie as the browser sends it, and what is not there is not waited for', async () => {
  const { redis, done } = await prepared('ids')
  await writeSessions(redis, 100)
  const sessionIds = await list('ids-list', 'sessionIds', ['s%3A11.3bJ1Kk9Zq', '12', 'not-there'])
  await scoped('ids', 'ids', { sessionIds }, { guarantee: 'Fenced' }, meanwhile)
  await untilDeleted('ids')
  await expect(redis.set('shop:session:11', 'revived')).rejects.toThrow('NOPERM')
  expect(await untilEnded('ids')).toMatchObject({ phase: 'Completed', plan: { matched: 2, method: 'ByName' } })
  expect(await there(redis, '11', '12')).toBe(0)
  expect(await there(redis, '10', '13')).toBe(2)
  await done()
})

test('sessions that nobody has used for a while end, as Redis remembers it, whatever else is read meanwhile', async () => {
  const { redis, done } = await prepared('idle')
  await writeSessions(redis, 100)
  await delay(4_000)
  expect(await there(redis, '1', '2', '3')).toBe(3)
  // This one reads every session, and is no use of them.
  await scoped('idle-people', 'idle', { principals: { values: ['user-4'] } })
  expect(await untilEnded('idle-people')).toMatchObject({ phase: 'Completed', plan: { matched: 1 } })
  const limits = { drain: '1s', keysPerSecond: 1_000 }
  await scoped('idle', 'idle', { idleLongerThan: '3s' }, { clock: 'Derived', limits })
  expect(await untilEnded('idle')).toMatchObject({
    phase: 'Completed',
    plan: { matched: 96, clock: 'OBJECT IDLETIME', confidence: 'Derived' },
    nodes: [{ revoked: 96, remaining: 0 }],
  })
  expect(await there(redis, '1', '2', '3')).toBe(3)
  await done()
})

test('what cannot be carried out says so, and touches nothing', async () => {
  const { redis, done } = await prepared('refused')
  await writeSessions(redis, 100)
  await redis.set('shop:session:odd', 'no JSON', 'EX', 600)
  const values = { principals: { values: ['user-1'] } }
  const refused = [
    ['outside', { keyPattern: 'shop:*' }, {}, 'OutsideThePrefix', 'shop:session:'],
    ['no-list', { sessionIds: { secretRef: { name: 'absent' } } }, {}, 'ListMissing', 'Secret absent is not there'],
    ['no-clock', { createdBefore: '2026-01-01T00:00:00Z' }, {}, 'NoClock', 'do not say when they began'],
    [
      'too-many',
      { keyPattern: 'shop:session:1*' },
      { limits: { maxAffected: 10, drain: '1s' } },
      'TooMany',
      'maxAffected',
    ],
    ['odd', values, {}, 'Undecodable', 'onUndecodable'],
    ['idle', { idleLongerThan: '1h' }, {}, 'NoClock', 'clock: Derived'],
    [
      'too-large-a-part',
      { keyPattern: 'shop:session:1*' },
      { limits: { maxAffectedPercent: 10, drain: '1s' } },
      'TooMany',
      '11 of 101 sessions',
    ],
  ] as const
  for (const [name, scope, spec, reason, message] of refused) {
    await scoped(`refused-${name}`, 'refused', scope, spec)
    const { objects, namespace } = at()
    const status = await untilEnded(`refused-${name}`)
    expect(status.outcome, name).toMatchObject({ reason, message: expect.stringContaining(message) as string })
    expect(
      conditionOf(await objects.get('flushsessions', `refused-${name}`, namespace), 'Recorded'),
      name,
    ).toBeUndefined()
  }
  expect(await there(redis, 'odd', '1', '10')).toBe(3)
  await scoped('refused-skip', 'refused', values, { onUndecodable: 'Skip' })
  expect(await untilEnded('refused-skip')).toMatchObject({ phase: 'Completed', plan: { matched: 1, undecodable: 1 } })
  expect(await there(redis, 'odd')).toBe(1)
  await scoped('refused-revoke', 'refused', values, { onUndecodable: 'Revoke' })
  expect(await untilEnded('refused-revoke')).toMatchObject({ phase: 'Completed', plan: { matched: 1, undecodable: 1 } })
  expect(await there(redis, 'odd', '1')).toBe(0)
  await done()
})

test('Redis ends while a pattern is guarded: what its file brings back goes again, and is watched in full', async () => {
  const { cluster, namespace } = at()
  const { redis, done } = await prepared('restart', { persistence: { mode: 'AppendOnly' } })
  await writeSessions(redis, 100)
  await scoped('restart', 'restart', { keyPattern: 'shop:session:1*' }, {}, meanwhile)
  await untilDeleted('restart')
  process.kill(await cluster.containerPid(namespace, 'restart-0', 'redis'), 'SIGKILL')
  const ended = await untilEnded('restart')
  expect(ended).toMatchObject({ phase: 'Completed', nodes: [{ remaining: 0 }] })
  expect(await there(redis, '1', '10', '19')).toBe(0)
  expect(await there(redis, '2', '20')).toBe(2)
  await done()
})

test('Redis ends with the names that it was to remember: only who had named them is sure that none comes back', async () => {
  const { cluster, namespace } = at()
  const { redis, done } = await prepared('lost')
  const endRedis = async () => process.kill(await cluster.containerPid(namespace, 'lost-0', 'redis'), 'SIGKILL')
  await writeSessions(redis, 20)
  await scoped('lost-pattern', 'lost', { keyPattern: 'shop:session:1*' }, {}, meanwhile)
  await untilDeleted('lost-pattern')
  await endRedis()
  const { phase, outcome } = await untilEnded('lost-pattern')
  expect([phase, outcome?.reason]).toEqual(['Failed', 'NamesLost'])
  await writeSessions(redis, 20)
  await scoped('lost-ids', 'lost', { sessionIds: await list('lost-list', 'sessionIds', ['3', '4']) }, {}, meanwhile)
  await untilDeleted('lost-ids')
  await endRedis()
  expect(await untilEnded('lost-ids')).toMatchObject({ phase: 'Completed', guard: { names: 2 } })
  await done()
})

test('of two guarded flushes created at once each remembers its own for its full time', async () => {
  const { objects, namespace } = at()
  const { redis, done } = await prepared('both')
  await writeSessions(redis, 20)
  const make = (name: string, pattern: string) =>
    objects.create(
      flush(namespace, name, 'both', { drain: '2s', spec: { scope: { keyPattern: `shop:session:${pattern}*` } } }),
    )
  await Promise.all([make('both-b', '1'), make('both-a', '2')])
  const [a, b] = await Promise.all([untilEnded('both-a'), untilEnded('both-b')])
  expect([a, b]).toMatchObject([
    { phase: 'Completed', guard: { names: 1 } },
    { phase: 'Completed', guard: { names: 11 } },
  ])
  const [first = 0, second = 0] = [a, b]
    .map(({ guard }) => Date.parse(guard?.startedAt ?? ''))
    .toSorted((x, y) => x - y)
  expect(second - first).toBeGreaterThanOrEqual(2_000)
  await done()
})

test('everybody at once: what comes back goes again, and who logs in meanwhile stays', async () => {
  const { redis, done } = await prepared('everybody', { persistence: { mode: 'AppendOnly' } })
  await writeSessions(redis, 5000)
  await scoped('everybody', 'everybody', { all: {} }, { guarantee: 'Guarded' }, meanwhile)
  await untilDeleted('everybody')
  expect(await countSessions(redis, 5000)).toBe(0)
  for (let round = 0; round < 5; round += 1) {
    await redis.set('shop:session:7', user('user-7'), 'EX', 600)
    await redis.set(`shop:session:new-${round}`, user('user-7'), 'EX', 600)
    await delay(100)
    expect(await redis.get('shop:session:7'), 'a session that was written back').toBeNull()
  }
  const ended = await untilEnded('everybody')
  expect(ended).toMatchObject({
    phase: 'Completed',
    plan: { matched: 5000, percent: 100, method: 'SetAside' },
    guard: { names: 5000 },
    nodes: [{ revoked: 5000, remaining: 0 }],
    resurrections: { removed: 5 },
  })
  expect(await there(redis, ...['0', '1', '2', '3', '4'].map((at) => `new-${at}`))).toBe(5)
  await done()
})

test('everybody at once, and Redis ends meanwhile: it goes on from its file, and who logged in since stays', async () => {
  const { cluster, namespace } = at()
  const { redis, done } = await prepared('aside', { persistence: { mode: 'AppendOnly' } })
  await writeSessions(redis, 100)
  await scoped('aside', 'aside', { all: {} }, { guarantee: 'Guarded' }, meanwhile)
  await untilDeleted('aside')
  await redis.set('shop:session:new', user('user-7'), 'EX', 600)
  // The file is written every second.
  await delay(1_500)
  process.kill(await cluster.containerPid(namespace, 'aside-0', 'redis'), 'SIGKILL')
  const ended = await untilEnded('aside')
  expect(ended).toMatchObject({ phase: 'Completed', guard: { names: 100 }, nodes: [{ revoked: 100, remaining: 0 }] })
  expect([await there(redis, '1', '10', '19'), await there(redis, 'new')]).toEqual([0, 1])
  await done()
})

test('everybody at once, and Redis ends with the names: it says so, and leaves who has logged in since', async () => {
  const { cluster, namespace } = at()
  const { redis, done } = await prepared('aside-lost')
  await writeSessions(redis, 100)
  await scoped('aside-lost', 'aside-lost', { all: {} }, { guarantee: 'Guarded' }, meanwhile)
  await untilDeleted('aside-lost')
  process.kill(await cluster.containerPid(namespace, 'aside-lost-0', 'redis'), 'SIGKILL')
  // The client waits until it is there again.
  await redis.set('shop:session:new', user('user-7'), 'EX', 600)
  const { phase, outcome } = await untilEnded('aside-lost')
  expect([phase, outcome?.reason]).toEqual(['Failed', 'NamesLost'])
  expect([await there(redis, '1', '10', '19'), await there(redis, 'new')]).toEqual([0, 1])
  await done()
})

test('everybody is not logged out twice in a row, unless that is meant', async () => {
  const { redis, done } = await prepared('cooling', { flushes: { cooldown: '10m' } })
  const everybody = async (name: string, limits: object = {}, scope: object = { all: {} }) => {
    await writeSessions(redis, 10)
    await scoped(name, 'cooling', scope, { guarantee: 'Guarded', limits: { drain: '1s', ...limits } })
    return await untilEnded(name)
  }
  expect(await everybody('cooling-first')).toMatchObject({ phase: 'Completed' })
  expect(await everybody('cooling-again')).toMatchObject({ phase: 'Failed', outcome: { reason: 'CoolingDown' } })
  expect(await countSessions(redis, 10)).toBe(10)
  expect(await everybody('cooling-one', {}, { keyPattern: 'shop:session:1*' })).toMatchObject({ phase: 'Completed' })
  expect(await everybody('cooling-meant', { ignoreCooldown: true })).toMatchObject({ phase: 'Completed' })
  await done()
})

test('an abort of a guarded flush of everybody brings nobody back, and holds nobody back', async () => {
  const { objects, namespace } = at()
  const { redis, done } = await prepared('abort-all')
  await writeSessions(redis, 10)
  await scoped('abort-all', 'abort-all', { all: {} }, { guarantee: 'Guarded', limits: { drain: '60s' } })
  await untilDeleted('abort-all')
  await objects.patch('flushsessions', 'abort-all', namespace, { spec: { abort: { reason: 'A mistake' } } })
  expect(await untilEnded('abort-all')).toMatchObject({ phase: 'Aborted' })
  expect(await countSessions(redis, 10)).toBe(0)
  await redis.set('shop:session:1', user('user-1'), 'EX', 600)
  await delay(100)
  expect(await there(redis, '1')).toBe(1)
  await done()
})

test('an abort of a guarded flush leaves nothing behind', async () => {
  const { objects, namespace } = at()
  const { redis, done } = await prepared('abort')
  await writeSessions(redis, 10)
  await scoped('abort', 'abort', { keyPattern: 'shop:session:1*' }, { limits: { drain: '60s' } })
  await untilDeleted('abort')
  await objects.patch('flushsessions', 'abort', namespace, { spec: { abort: { reason: 'A mistake' } } })
  expect(await untilEnded('abort')).toMatchObject({ phase: 'Aborted' })
  await redis.set('shop:session:1', user('user-1'), 'EX', 600)
  await delay(100)
  expect(await there(redis, '1')).toBe(1)
  await done()
})

test("a person's sessions by the library's own index alone, and then those that it has missed", async () => {
  const sessions = { client: 'lucia', keyPrefix: 'shop:session' }
  const { redis, done } = await prepared('indexed', { sessions })
  const write = async (id: string, owner: string, isIndexed: boolean) => {
    await redis.set(`shop:session:session:${id}`, JSON.stringify({ user_id: owner }), 'EX', 3600)
    if (isIndexed) await redis.sadd(`shop:session:user_sessions:${owner}`, id)
  }
  await write('a1', 'ann', true)
  await write('missed', 'ann', false)
  await write('b1', 'bob', true)
  const principals = { values: ['ann'] }
  await scoped('by-index', 'indexed', { principals: { ...principals, exhaustive: false } })
  const byIndex = await untilEnded('by-index')
  expect(byIndex).toMatchObject({
    phase: 'Completed',
    plan: { matched: 1, method: 'ByIndex' },
    nodes: [{ revoked: 1 }],
  })
  expect(JSON.stringify(byIndex)).toContain("Sessions that the library's index does not name")
  expect(await there(redis, 'session:a1', 'session:missed', 'session:b1')).toBe(2)
  await scoped('all-of-hers', 'indexed', { principals })
  expect(await untilEnded('all-of-hers')).toMatchObject({ phase: 'Completed', nodes: [{ revoked: 1 }] })
  expect(await there(redis, 'session:missed')).toBe(0)
  expect(await there(redis, 'session:b1')).toBe(1)
  await done()
})

test('a library without an index: refused, with what to do', async () => {
  const { done } = await prepared('unindexed')
  await scoped('no-index', 'unindexed', { principals: { values: ['ann'], exhaustive: false } })
  expect(await untilEnded('no-index')).toMatchObject({ phase: 'Failed', outcome: { reason: 'NoIndex' } })
  await done()
})
