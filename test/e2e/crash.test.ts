import type { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { otherEngineImage, otherEngines } from '../cluster/images/catalog.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { connectClient, countSessions, flush, redisThrough, store, untilReady, writeSessions } from './fixtures.ts'
import { isTrue } from './objects.ts'
import { scaleOperator } from './operator.ts'
import { derivedPassword, readMasterKey } from './derived-password.ts'
import { suite } from './suite.ts'
import { openTunnel } from './tunnel.ts'

const at = suite('e2e-crash')

const killRedis = async (name: string): Promise<void> => {
  const { cluster, namespace } = at()
  process.kill(await cluster.containerPid(namespace, `${name}-0`, 'redis'), 'SIGKILL')
}

const untilWritten = async (redis: Redis, timeoutMs: number): Promise<void> => {
  await waitUntil('a write succeeds', async () => (await redis.set('shop:session:after', 'v', 'EX', 60)) === 'OK', {
    timeoutMs,
    intervalMs: 50,
  })
}

const { Redis: otherRedis, Valkey: otherValkey } = otherEngines
const builds = [
  ['Redis 8.0', 'Redis', undefined],
  ['Valkey 9.1', 'Valkey', undefined],
  [`Redis ${otherRedis.version} of ${otherRedis.suite}`, 'Redis', otherRedis],
  [`Valkey ${otherValkey.version}`, 'Valkey', otherValkey],
] as const

test.each(builds)(
  '%s killed with AppendOnly serves again within 3 s, and every acknowledged session is there: plain, by transaction, by script; killed under a fence, none that was ended',
  async (what, engine, other) => {
    const { cluster, objects, namespace } = at()
    const name = `aof-${engine.toLowerCase()}${other ? '-other' : ''}`
    if (other) await cluster.loadImage((await otherEngineImage(engine, () => undefined)).archive)
    const own = other && { engine: { type: engine, version: other.version, image: other.tag } }
    await objects.apply(store(namespace, name, { engine, spec: { persistence: { mode: 'AppendOnly' }, ...own } }))
    await untilReady(objects, namespace, name)
    const client = await connectClient(cluster, objects, namespace, name)
    await writeSessions(client.redis, 10_000)

    // No client may send transactions or scripts; the operator does, and a server that replays them as `default` must not drop them.
    const { metadata } = await objects.get('sessionstore', name, namespace)
    const password = derivedPassword(await readMasterKey(objects), 'operator', metadata.uid)
    const { clusterIP } = (await objects.get('service', name, namespace))['spec'] as { clusterIP: string }
    const tunnel = await openTunnel(cluster, namespace, 'client', clusterIP, 6379)
    const operator = redisThrough(tunnel, { username: 'operator', password })
    await operator.multi().set('shop:session:multi-1', 'v').set('shop:session:multi-2', 'v').exec()
    await operator.eval(
      "redis.call('SET', KEYS[1], 'v') return redis.call('SET', KEYS[2], 'v')",
      2,
      'shop:session:script-1',
      'shop:session:script-2',
    )
    // appendfsync is everysec: what is acknowledged is in the kernel's hands, and outlives the process.
    await killRedis(name)
    const killedMs = performance.now()
    await untilWritten(client.redis, 30_000)
    const gapMs = performance.now() - killedMs
    console.log(`${what} killed with AppendOnly: writes again after ${gapMs.toFixed(0)} ms`)
    expect(await countSessions(client.redis, 10_000)).toBe(10_000)
    for (const key of ['multi-1', 'multi-2', 'script-1', 'script-2'])
      expect(await client.redis.get(`shop:session:${key}`), key).toBe('v')
    expect(gapMs).toBeLessThanOrEqual(3000)

    // The deletion and the fence are one transaction in the file; whoever replays it must not drop either.
    await objects.create(flush(namespace, name, name, { drain: '12s' }))
    await objects.until('flushsessions', name, namespace, 'deleted', (each) => isTrue(each, 'Deleted'))
    await killRedis(name)
    await waitUntil('it answers', async () => (await client.redis.get('shop:session:0')) === null, {
      timeoutMs: 10_000,
    })
    await expect(client.redis.set('shop:session:0', 'too early')).rejects.toThrow('NOPERM')
    await objects.until(
      'flushsessions',
      name,
      namespace,
      'completed',
      (each) => (each['status'] as { phase?: string } | undefined)?.phase === 'Completed',
    )
    expect(await countSessions(client.redis, 10_000)).toBe(0)
    operator.disconnect()
    client.redis.disconnect()
    await tunnel.close()
    await client.close()
    await objects.delete('sessionstore', name, namespace)
  },
)

test('with the operator scaled to zero, Redis restarts and serves', async () => {
  const { cluster, objects, namespace } = at()
  await objects.apply(store(namespace, 'alone', { spec: { persistence: { mode: 'AppendOnly' } } }))
  await untilReady(objects, namespace, 'alone')
  const client = await connectClient(cluster, objects, namespace, 'alone')
  await writeSessions(client.redis, 1000)
  await scaleOperator(objects, 0)
  try {
    await killRedis('alone')
    await untilWritten(client.redis, 30_000)
    expect(await countSessions(client.redis, 1000)).toBe(1000)
    await objects.delete('pod', 'alone-0', namespace)
    await untilWritten(client.redis, 60_000)
  } finally {
    await scaleOperator(objects, 2)
  }
  client.redis.disconnect()
  await client.close()
  await objects.delete('sessionstore', 'alone', namespace)
})
