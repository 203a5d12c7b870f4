import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../cluster/wait-until.ts'
import { queriesFor } from '../integration/chart/dashboard.ts'
import { connectClient, countSessions, flush, store, untilReady, writeSessions } from './fixtures.ts'
import { startPrometheus, type Prometheus } from './prometheus.ts'
import { suite } from './suite.ts'

const at = suite('e2e-alerts')

let prometheus: Prometheus

beforeAll(async () => {
  prometheus = await startPrometheus(at().objects)
})

afterAll(async () => {
  await prometheus.stop()
})

const untilFiring = async (name: string, alert: string, timeoutMs = 60_000) => {
  await waitUntil(`${alert} fires`, async () => (await prometheus.firing(at().namespace, name)).includes(alert), {
    timeoutMs,
  })
}

const untilClear = async (name: string, alert: string, timeoutMs = 60_000) => {
  const clear = async () =>
    // A scrape that failed leaves nothing to fire for.
    (await prometheus.query('leader_election_master_status == 1')).length > 0 &&
    !(await prometheus.firing(at().namespace, name)).includes(alert)
  await waitUntil(`${alert} clears`, clear, { timeoutMs })
}

const make = async (name: string, spec: Readonly<Record<string, unknown>> = {}) => {
  const { objects, namespace, cluster } = at()
  await objects.apply(store(namespace, name, { spec }))
  await untilReady(objects, namespace, name)
  return await connectClient(cluster, objects, namespace, name)
}

test('no store that can be written to is said to be without a primary; one whose pod finds no node is', async () => {
  const { objects, namespace } = at()
  const client = await make('well')
  await client.close()
  client.redis.disconnect()
  await objects.apply(store(namespace, 'ill', { spec: { pod: { nodeSelector: { nowhere: 'true' } } } }))
  await untilFiring('ill', 'SessionStoreNotReady')
  expect(await prometheus.firing(namespace, 'well')).toEqual([])
  await objects.patch('sessionstore', 'ill', namespace, { spec: { pod: { nodeSelector: { nowhere: null } } } })
  await untilClear('ill', 'SessionStoreNotReady')
})

test('sessions without an end fire an alert, and Enforce clears it', async () => {
  const { objects, namespace } = at()
  const client = await make('endless')
  const { redis } = client
  for (const id of ['a', 'b']) await redis.set(`shop:session:${id}`, '1')
  await untilFiring('endless', 'SessionStorePolicyNotMet')
  expect(
    await prometheus.query(`sessionstore_sessions_immortal{namespace="${namespace}",name="endless"}`),
  ).toMatchObject([{ value: 2 }])
  const byTtl = (le: string) => `sessionstore_sessions_by_ttl{namespace="${namespace}",name="endless",le="${le}"}`
  expect(await prometheus.query(byTtl('+Inf'))).toMatchObject([{ value: 2 }])
  expect(await prometheus.query(byTtl('2592000'))).toMatchObject([{ value: 0 }])
  await objects.patch('sessionstore', 'endless', namespace, { spec: { sessions: { ttl: { enforcement: 'Enforce' } } } })
  await untilClear('endless', 'SessionStorePolicyNotMet')
  const corrected = `sessionstore_ttl_corrections_total{namespace="${namespace}",name="endless"}`
  await waitUntil('corrections counted', async () => (await prometheus.query(corrected))[0]?.value === 2, {
    timeoutMs: 10_000,
  })
  redis.disconnect()
  await client.close()
})

test('a store that is full says so, and how many people it has logged out; more memory clears it', async () => {
  const { objects, namespace } = at()
  const client = await make('full', { memory: { maxmemory: '8Mi' } })
  const { redis } = client
  await writeSessions(redis, 100_000)
  await untilFiring('full', 'SessionStoreEvicting')
  await untilFiring('full', 'SessionStoreMemoryShort')
  // The operator's own test writes make Redis drop a few more, all the time.
  const goneAtFirst = 100_000 - (await countSessions(redis, 100_000))
  const evicted = `sessionstore_sessions_evicted_total{namespace="${namespace}",name="full"}`
  await waitUntil('all are counted', async () => ((await prometheus.query(evicted))[0]?.value ?? 0) >= goneAtFirst, {
    timeoutMs: 40_000,
  })
  const counted = (await prometheus.query(evicted))[0]?.value
  expect(counted).toBeLessThanOrEqual(100_000 - (await countSessions(redis, 100_000)))
  await objects.patch('sessionstore', 'full', namespace, { spec: { memory: { maxmemory: '64Mi' } } })
  await untilClear('full', 'SessionStoreMemoryShort')
  await untilClear('full', 'SessionStoreEvicting')
  redis.disconnect()
  await client.close()
})

test('an old password in use fires an alert, and clears when it goes', async () => {
  const { objects, namespace } = at()
  const client = await make('secret')
  const { redis } = client
  const rotate = async (rotation: object) => {
    const web = { name: 'web', from: [{ podSelector: { matchLabels: { app: 'web' } } }], rotation }
    await objects.patch('sessionstore', 'secret', namespace, { spec: { clients: [web] } })
  }
  await redis.ping()
  await rotate({ request: 'one' })
  await untilFiring('secret', 'SessionStoreCredentialInUse')
  await rotate({ request: 'one', force: 'one' })
  await untilClear('secret', 'SessionStoreCredentialInUse')
  redis.disconnect()
  await client.close()
})

test('a flush that is under way is seen, the fence first; then that it has completed', async () => {
  const { objects, namespace } = at()
  const client = await make('flushed')
  const { redis } = client
  await writeSessions(redis, 100)
  await objects.apply(flush(namespace, 'revocation', 'flushed', { drain: '12s' }))
  await untilFiring('revocation', 'FlushSessionsFenceHeld')
  expect(await prometheus.firing(namespace, 'revocation')).toContain('FlushSessionsUnfinished')
  await untilClear('revocation', 'FlushSessionsFenceHeld')
  await untilClear('revocation', 'FlushSessionsUnfinished')
  const completed = `flushsessions_completed_timestamp_seconds{namespace="${namespace}"}`
  await waitUntil('it has completed', async () => (await prometheus.query(completed)).length === 1, {
    timeoutMs: 60_000,
  })
  redis.disconnect()
  await client.close()
})

test('the dashboard shows what there is of a store', async () => {
  const { objects, namespace } = at()
  const sessions = { client: 'express', keyPrefix: 'shop:session', ttl: { max: '24h' } }
  const spec = { tls: { mode: 'Managed' }, sessions }
  await objects.apply(store(namespace, 'shown', { spec }))
  await untilReady(objects, namespace, 'shown')
  const empty = async () => {
    const titles: string[] = []
    for (const { title, expr } of queriesFor({ namespace, store: 'shown' }))
      if ((await prometheus.query(expr)).length === 0) titles.push(title)
    return titles
  }
  // Nothing is wrong with it, it is Standalone, and it was not flushed.
  const without = ['What is not as it should be', 'Changes of the primary', 'Flush completed']
  await waitUntil('all other panels have data', async () => (await empty()).every((title) => without.includes(title)), {
    timeoutMs: 60_000,
  })
})
