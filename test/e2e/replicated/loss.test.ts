import { expect, test } from 'vitest'
import { waitUntil } from '../../cluster/wait-until.ts'
import { connectClient, countSessions, isReady, writeSessions } from '../fixtures.ts'
import { conditionOf } from '../objects.ts'
import { scaleOperator } from '../operator.ts'
import { suite } from '../suite.ts'
import { expectSeeds, isWhole, loadedStore, statusOf, unload, untilWhole } from './fixture.ts'

const at = suite('e2e-loss')

const sessions = 10_000

test.each(['Redis', 'Valkey'] as const)(
  '%s without persistence: a primary that restarts at once, with no operator, wipes nobody; then writes wait for the operator',
  async (engine) => {
    const { cluster, namespace } = at()
    const name = `empty-${engine.toLowerCase()}`
    const loaded = await loadedStore(at(), name, { engine, seeds: sessions })
    await loaded.writer.stop()
    const { primary } = await untilWhole(at(), name)
    await scaleOperator(at().objects, 0)
    try {
      const pid = await cluster.containerPid(namespace, primary?.current ?? '', 'redis')
      process.kill(pid, 'SIGKILL')
      await waitUntil(
        'the container runs again',
        async () => (await cluster.containerPid(namespace, primary?.current ?? '', 'redis')) !== pid,
        { timeoutMs: 60_000 },
      )
      await expect(refusal(loaded.client.redis.set('shop:session:late', 'v', 'EX', 60))).resolves.toMatch(
        /READONLY|MASTERDOWN/,
      )
    } finally {
      await scaleOperator(at().objects, 2)
    }
    await untilWhole(at(), name, { afterTerm: primary?.term ?? 0 })
    await expectSeeds(loaded)
    await unload(at(), name, loaded)
  },
)

const refusal = async (reply: Promise<unknown>): Promise<string> => {
  try {
    return `answered ${String(await reply)}`
  } catch (error) {
    return String(error)
  }
}

test('every pod deleted at once: the store comes back by itself, and says that every session is lost', async () => {
  const { cluster, objects, namespace } = at()
  const loaded = await loadedStore(at(), 'all')
  await loaded.writer.stop()
  await objects.run([
    'delete',
    'pods',
    '-n',
    namespace,
    '-l',
    'app.kubernetes.io/instance=all',
    '--grace-period=1',
    '--wait=false',
  ])
  // One may hand over to another on the way: both go.
  await objects.until(
    'sessionstore',
    'all',
    namespace,
    'whole again, with nothing',
    (each) => isWhole()(each) && statusOf(each).primary?.change.basis === 'Empty',
    120_000,
  )
  const told = async () => (await objects.list('events', namespace)).some((event) => event['reason'] === 'SessionsLost')
  await waitUntil('an Event says that sessions are lost', told, { timeoutMs: 30_000 })
  const client = await connectClient(cluster, objects, namespace, 'all')
  await writeSessions(client.redis, 10)
  expect(await countSessions(client.redis, 10)).toBe(10)
  client.redis.disconnect()
  await client.close()
  await unload(at(), 'all', loaded)
})

test('a primary whose process is frozen is replaced within 15 s, and what it accepts when it thaws is counted', async () => {
  const { cluster, objects, namespace } = at()
  const loaded = await loadedStore(at(), 'frozen')
  const { primary } = await untilWhole(at(), 'frozen')
  const pid = await cluster.containerPid(namespace, primary?.current ?? '', 'redis')
  const markMs = loaded.writer.mark()
  process.kill(pid, 'SIGSTOP')
  try {
    await objects.until(
      'sessionstore',
      'frozen',
      namespace,
      'another primary',
      (each) => isReady(each) && (statusOf(each).primary?.term ?? 0) > (primary?.term ?? 0),
      30_000,
    )
    await loaded.writer.untilWrites(markMs + 1000)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  const whole = await untilWhole(at(), 'frozen', { afterTerm: primary?.term ?? 0 })
  expect(whole.primary?.current).not.toBe(primary?.current)
  const report = await loaded.writer.stop()
  const gapMs = report.gapMs(markMs, markMs + 30_000)
  console.log(`frozen: writes again after ${gapMs.toFixed(0)} ms`)
  expect(gapMs).toBeLessThanOrEqual(15_000)
  await expectSeeds(loaded)
  const store = await objects.get('sessionstore', 'frozen', namespace)
  expect(conditionOf(store, 'Ready')?.status).toBe('True')
  await unload(at(), 'frozen', loaded)
})
