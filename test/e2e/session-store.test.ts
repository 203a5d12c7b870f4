import { expect, test } from 'vitest'
import { waitUntil } from '../cluster/wait-until.ts'
import { bareRedisSeconds } from './bare-redis.ts'
import { canLogIn } from './can-log-in.ts'
import { connectClient, countSessions, isReady, redisImage, store, untilReady, writeSessions } from './fixtures.ts'
import { conditionOf, isTrue, secretData, type KubeObject } from './objects.ts'
import { suite } from './suite.ts'

const at = suite('e2e-store')

const podUid = async (name: string): Promise<string | undefined> => {
  const { objects, namespace } = at()
  return (await objects.get('pod', `${name}-0`, namespace)).metadata.uid
}

const statusOf = (object: KubeObject) =>
  object['status'] as { sessions?: { live: number; immortal: number; correctedTotal: number } }

test('a store is Ready, by a write through its Service, within 5 s (median of 5)', async () => {
  const { objects, namespace } = at()
  const seconds: number[] = []
  const bareSeconds: number[] = []
  for (const run of [1, 2, 3, 4, 5]) {
    const startedMs = performance.now()
    await objects.apply(store(namespace, `quick-${run}`))
    await untilReady(objects, namespace, `quick-${run}`)
    seconds.push((performance.now() - startedMs) / 1000)
    bareSeconds.push(await bareRedisSeconds(at(), `bare-${run}`, 1))
    await objects.delete('sessionstore', `quick-${run}`, namespace)
  }
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
  console.log(
    `apply to Ready: median ${median(seconds).toFixed(1)} s of ${seconds.map((each) => each.toFixed(1)).join(', ')}; bare StatefulSet: ${median(bareSeconds).toFixed(1)} s`,
  )
  expect(median(seconds)).toBeLessThanOrEqual(5)
})

test.each(['Redis', 'Valkey'] as const)(
  '%s serves its declared client, and its status says what runs',
  async (engine) => {
    const { cluster, objects, namespace } = at()
    const name = `serves-${engine.toLowerCase()}`
    await objects.apply(store(namespace, name, { engine }))
    const ready = await untilReady(objects, namespace, name)
    expect((ready['status'] as { engine: { type: string; image: string } }).engine.type).toBe(engine)
    const client = await connectClient(cluster, objects, namespace, name)
    await writeSessions(client.redis, 10)
    expect(await countSessions(client.redis, 10)).toBe(10)
    await client.close()
    await objects.delete('sessionstore', name, namespace)
  },
)

test('a server that lacks known fixes is named, with what is lacking, until somebody vouches for it', async () => {
  const { objects, namespace } = at()
  const name = 'old-engine'
  const vouch = async (fixesBackported: boolean) =>
    await objects.apply(
      store(namespace, name, { spec: { engine: { type: 'Redis', version: '8.0', fixesBackported } } }),
    )
  await vouch(false)
  const engineIs = (reason: string) => (object: KubeObject) => conditionOf(object, 'EngineSupported')?.reason === reason
  const old = await objects.until('sessionstore', name, namespace, 'too old', engineIs('BelowFloor'))
  expect(conditionOf(old, 'EngineSupported')).toMatchObject({
    status: 'False',
    message: expect.stringContaining('Redis 8.0 gets no fixes any more') as string,
  })
  // It is served all the same.
  await untilReady(objects, namespace, name)
  expect(conditionOf(old, 'UpdateAvailable')?.status).toBe('False')
  await vouch(true)
  await objects.until('sessionstore', name, namespace, 'vouched for', engineIs('FixesBackported'))
  await objects.delete('sessionstore', name, namespace)
})

test('memory up and down, the eviction policy, persistence and clients change live: same pod, no session lost', async () => {
  const { cluster, objects, namespace } = at()
  await objects.apply(store(namespace, 'live'))
  await untilReady(objects, namespace, 'live')
  const uid = await podUid('live')
  const client = await connectClient(cluster, objects, namespace, 'live')
  await writeSessions(client.redis, 10_000)

  const other = { name: 'admin', from: [{ podSelector: { matchLabels: { app: 'admin' } } }] }
  const web = { name: 'web', from: [{ podSelector: { matchLabels: { app: 'web' } } }] }
  const changes: readonly (readonly [string, object])[] = [
    ['maxmemory up', { memory: { maxmemory: '256Mi' } }],
    ['maxmemory down', { memory: { maxmemory: '96Mi' } }],
    ['eviction policy', { memory: { evictionPolicy: 'volatile-lru' } }],
    ['persistence on', { persistence: { mode: 'AppendOnly' } }],
    ['client added', { clients: [web, other] }],
    ['client removed', { clients: [web] }],
    ['persistence off', { persistence: { mode: 'None' } }],
  ]
  for (const [what, spec] of changes) {
    await objects.patch('sessionstore', 'live', namespace, { spec })
    const settled = await objects.until(
      'sessionstore',
      'live',
      namespace,
      what,
      (each) => isReady(each) && isTrue(each, 'MemorySafe') && conditionOf(each, 'Progressing')?.reason === 'Settled',
    )
    expect(isTrue(settled, 'MemorySafe'), what).toBe(true)
    if (what === 'client added')
      expect(secretData(await objects.get('secret', 'live-admin', namespace))['username']).toBe('admin-a')
  }
  expect(await objects.run(['get', 'secret', 'live-admin', '-n', namespace, '--ignore-not-found'])).toBe('')
  const config = await objects.get('configmap', 'live-config', namespace)
  expect((config['data'] as Record<string, string>)['redis.conf']).toContain(`maxmemory ${96 * 2 ** 20}`)
  const pod = await objects.get('pod', 'live-0', namespace)
  const limits = (pod['status'] as { containerStatuses: readonly { resources: { limits: { memory: string } } }[] })
    .containerStatuses[0]?.resources.limits
  expect(limits?.memory).toBe('152Mi')
  expect(await podUid('live')).toBe(uid)
  expect(await countSessions(client.redis, 10_000)).toBe(10_000)
  await client.close()
  await objects.delete('sessionstore', 'live', namespace)
})

test('a maxmemory below what is used is held back with a condition, and nothing is lost', async () => {
  const { cluster, objects, namespace } = at()
  await objects.apply(store(namespace, 'full'))
  await untilReady(objects, namespace, 'full')
  const client = await connectClient(cluster, objects, namespace, 'full')
  await writeSessions(client.redis, 60_000)
  await objects.patch('sessionstore', 'full', namespace, { spec: { memory: { maxmemory: '8Mi' } } })
  const held = await objects.until(
    'sessionstore',
    'full',
    namespace,
    'held back',
    (each) => conditionOf(each, 'MemorySafe')?.reason === 'BelowUsedMemory',
  )
  expect(conditionOf(held, 'MemorySafe')?.message).toContain('8Mi')
  expect(await countSessions(client.redis, 60_000)).toBe(60_000)
  await objects.patch('sessionstore', 'full', namespace, { spec: { memory: { maxmemory: '64Mi' } } })
  await objects.until('sessionstore', 'full', namespace, 'safe again', (each) => isTrue(each, 'MemorySafe'))
  expect(await countSessions(client.redis, 60_000)).toBe(60_000)
  await client.close()
  await objects.delete('sessionstore', 'full', namespace)
})

test('sessions that never expire are found, named with the remedy, and given a time to live when asked', async () => {
  const { cluster, objects, namespace } = at()
  await objects.apply(
    store(namespace, 'immortal', {
      spec: { sessions: { client: 'express', keyPrefix: 'shop:session', ttl: { default: '30m', max: '1h' } } },
    }),
  )
  await untilReady(objects, namespace, 'immortal')
  const client = await connectClient(cluster, objects, namespace, 'immortal')
  await client.redis.set('shop:session:one', 'no time to live')
  await client.redis.set('shop:session:two', 'too long', 'EX', 7200)
  // A change of the spec makes the policy look at once.
  await objects.patch('sessionstore', 'immortal', namespace, { spec: { sessions: { ttl: { default: '20m' } } } })
  const found = await objects.until(
    'sessionstore',
    'immortal',
    namespace,
    'found',
    (each) => conditionOf(each, 'PolicyMet')?.reason === 'ImmortalSessions',
  )
  expect(conditionOf(found, 'PolicyMet')?.message).toContain('disableTTL')
  expect(statusOf(found).sessions).toMatchObject({ live: 2, immortal: 1 })
  await objects.patch('sessionstore', 'immortal', namespace, {
    spec: { sessions: { ttl: { enforcement: 'Enforce' } } },
  })
  const corrected = await objects.until(
    'sessionstore',
    'immortal',
    namespace,
    'corrected',
    (each) => conditionOf(each, 'PolicyMet')?.reason === 'Corrected',
  )
  expect(statusOf(corrected).sessions).toMatchObject({ live: 2, immortal: 0, correctedTotal: 2 })
  await client.close()
  await objects.delete('sessionstore', 'immortal', namespace)
})

test('what cannot change live waits for a person, and says how', async () => {
  const { objects, namespace } = at()
  await objects.apply(store(namespace, 'pending'))
  await untilReady(objects, namespace, 'pending')
  const uid = await podUid('pending')
  await objects.patch('sessionstore', 'pending', namespace, { spec: { pod: { labels: { team: 'shop' } } } })
  const pending = await objects.until(
    'sessionstore',
    'pending',
    namespace,
    'restart pending',
    (each) => conditionOf(each, 'Progressing')?.reason === 'RestartPending',
  )
  expect(conditionOf(pending, 'Progressing')?.message).toContain(`kubectl delete pod -n ${namespace} pending-0`)
  expect(await podUid('pending')).toBe(uid)
  await objects.delete('pod', 'pending-0', namespace)
  await objects.until(
    'sessionstore',
    'pending',
    namespace,
    'settled',
    (each) => isReady(each) && conditionOf(each, 'Progressing')?.reason === 'Settled',
  )
  expect(await podUid('pending')).not.toBe(uid)
  await objects.delete('sessionstore', 'pending', namespace)
})

test('a pod that never started takes a corrected spec at once', async () => {
  const { objects, namespace } = at()
  await objects.apply(
    store(namespace, 'typo', {
      spec: { engine: { type: 'Redis', version: '8.0', image: 'docker.io/library/redis:8.0-typo' } },
    }),
  )
  await objects.until('sessionstore', 'typo', namespace, 'degraded', (each) => isTrue(each, 'Degraded'))
  await objects.patch('sessionstore', 'typo', namespace, { spec: { engine: { image: redisImage } } })
  await untilReady(objects, namespace, 'typo')
  await objects.delete('sessionstore', 'typo', namespace)
})

test('an object of somebody else is left alone, and the store says whose name is taken', async () => {
  const { objects, namespace } = at()
  await objects.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'taken-config', namespace },
    data: { mine: 'yes' },
  })
  await objects.apply(store(namespace, 'taken'))
  const blocked = await objects.until(
    'sessionstore',
    'taken',
    namespace,
    'blocked',
    (each) => conditionOf(each, 'Degraded')?.reason === 'NameTaken',
  )
  expect(conditionOf(blocked, 'Degraded')?.message).toContain('ConfigMap taken-config')
  expect((await objects.get('configmap', 'taken-config', namespace))['data']).toEqual({ mine: 'yes' })
  await objects.delete('sessionstore', 'taken', namespace)
})

test("a client's Secret that a person deleted is made again, and the old password no longer opens", async () => {
  const { objects, namespace } = at()
  await objects.apply(store(namespace, 'healed'))
  await untilReady(objects, namespace, 'healed')
  const before = secretData(await objects.get('secret', 'healed-web', namespace))['password']
  await objects.delete('secret', 'healed-web', namespace)
  await objects.patch('sessionstore', 'healed', namespace, { metadata: { annotations: { looked: 'at' } } })
  await waitUntil(
    'there is another password, and it opens',
    async () => {
      const [secret] = (await objects.list('secrets', namespace)).filter(
        ({ metadata }) => metadata.name === 'healed-web',
      )
      if (!secret || secretData(secret)['password'] === before) return false
      return (await canLogIn(at(), 'healed', secretData(secret))) === 'OK'
    },
    { timeoutMs: 60_000 },
  )
  await objects.delete('sessionstore', 'healed', namespace)
})

test("a store that is deleted takes everything along, but a retained client's Secret, which its successor takes over", async () => {
  const { cluster, objects, namespace } = at()
  const manifest = store(namespace, 'retained', { spec: { deletionPolicy: 'Retain' } })
  await objects.apply(manifest)
  await untilReady(objects, namespace, 'retained')
  const before = secretData(await objects.get('secret', 'retained-web', namespace))['password']
  await objects.delete('sessionstore', 'retained', namespace)
  await waitUntil(
    'all else is gone',
    async () =>
      (await objects.run([
        'get',
        'statefulset,service,configmap,networkpolicy',
        '-n',
        namespace,
        '-l',
        'app.kubernetes.io/instance=retained',
        '-o',
        'name',
      ])) === '',
    { timeoutMs: 60_000 },
  )
  await objects.apply(manifest)
  await untilReady(objects, namespace, 'retained')
  expect(secretData(await objects.get('secret', 'retained-web', namespace))['password']).toBe(before)
  const client = await connectClient(cluster, objects, namespace, 'retained')
  expect(await client.redis.ping()).toBe('PONG')
  client.redis.disconnect()
  await client.close()
  await objects.delete('sessionstore', 'retained', namespace)
  await objects.delete('secret', 'retained-web', namespace)
})

test('a paused store is left as it is until it is resumed', async () => {
  const { objects, namespace } = at()
  await objects.apply(store(namespace, 'paused'))
  await untilReady(objects, namespace, 'paused')
  await objects.patch('sessionstore', 'paused', namespace, {
    spec: { maintenance: { paused: true }, memory: { maxmemory: '128Mi' } },
  })
  await objects.until(
    'sessionstore',
    'paused',
    namespace,
    'paused',
    (each) => isReady(each) && conditionOf(each, 'Progressing')?.reason === 'Paused',
  )
  const maxmemory = async () =>
    ((await objects.get('configmap', 'paused-config', namespace))['data'] as Record<string, string>)['redis.conf']
  expect(await maxmemory()).toContain(`maxmemory ${64 * 2 ** 20}`)
  await objects.patch('sessionstore', 'paused', namespace, { spec: { maintenance: { paused: false } } })
  await objects.until(
    'sessionstore',
    'paused',
    namespace,
    'settled',
    (each) => isReady(each) && conditionOf(each, 'Progressing')?.reason === 'Settled',
  )
  expect(await maxmemory()).toContain(`maxmemory ${128 * 2 ** 20}`)
  await objects.delete('sessionstore', 'paused', namespace)
})

test('what the API server refuses of a pod is a condition, and what runs goes on', async () => {
  const { objects, namespace } = at()
  await objects.apply(store(namespace, 'refused'))
  await untilReady(objects, namespace, 'refused')
  const uid = await podUid('refused')
  await objects.patch('sessionstore', 'refused', namespace, {
    spec: { pod: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: 'nowhere' } } } },
  })
  const refused = await objects.until(
    'sessionstore',
    'refused',
    namespace,
    'refused',
    (each) => conditionOf(each, 'Degraded')?.reason === 'Rejected',
  )
  expect(conditionOf(refused, 'Degraded')?.message).toContain('ffinity')
  expect(isReady(refused)).toBe(true)
  expect(await podUid('refused')).toBe(uid)
  await objects.delete('sessionstore', 'refused', namespace)
})
