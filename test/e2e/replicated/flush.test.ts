import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { FlushSessionsStatus } from '../../../src/api/flush-sessions-status.ts'
import { canLogIn } from '../can-log-in.ts'
import { countSessions, flush } from '../fixtures.ts'
import { conditionOf, isTrue, secretData, type KubeObject } from '../objects.ts'
import { suite } from '../suite.ts'
import { countOnNode, loadedStore, unload, untilWhole, type Loaded } from './fixture.ts'

const at = suite('e2e-flush-all-nodes')

const flushStatus = (object: KubeObject): FlushSessionsStatus => object['status'] ?? {}

const untilPhase = (name: string, phase: string) => {
  const { objects, namespace } = at()
  return objects.until('flushsessions', name, namespace, phase, (each) => flushStatus(each).phase === phase)
}

const seeds = 1000

test('a flush is completed when every node has acknowledged it, and people can log in again', async () => {
  const { objects, namespace } = at()
  const loaded = await loadedStore(at(), 'whole', { seeds })
  await loaded.writer.stop()
  await objects.create(flush(namespace, 'whole-1', 'whole'))
  const status = flushStatus(await untilPhase('whole-1', 'Completed'))
  expect(status.nodes).toHaveLength(3)
  for (const node of status.nodes ?? []) expect(node, node.name).toMatchObject({ acknowledged: true, remaining: 0 })
  expect(await countSessions(loaded.client.redis, seeds)).toBe(0)
  expect(await loaded.client.redis.set('shop:session:login', 'v', 'EX', 60)).toBe('OK')
  const { primary } = await untilWhole(at(), 'whole')
  expect(primary?.term).toBe(1)
  await unload(at(), 'whole', loaded)
})

test('a replica that is away keeps nobody from logging in, and the flush from being completed', async () => {
  const { cluster, objects, namespace } = at()
  const loaded = await loadedStore(at(), 'away', { seeds })
  await loaded.writer.stop()
  const { nodes = [] } = await untilWhole(at(), 'away')
  const replica = nodes.find(({ role }) => role === 'replica')?.name ?? ''
  const pid = await cluster.containerPid(namespace, replica, 'redis')
  process.kill(pid, 'SIGSTOP')
  try {
    await objects.create(flush(namespace, 'away-1', 'away'))
    const waiting = await objects.until(
      'flushsessions',
      'away-1',
      namespace,
      'waiting for the node',
      (each) => isTrue(each, 'Unfenced') && conditionOf(each, 'Replicated')?.reason === 'NodeAway',
    )
    expect(flushStatus(waiting).phase).toBe('Running')
    expect(conditionOf(waiting, 'Replicated')?.message).toContain(replica)
    expect(await loaded.client.redis.set('shop:session:login', 'v', 'EX', 60)).toBe('OK')
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  const status = flushStatus(await untilPhase('away-1', 'Completed'))
  expect(status.nodes?.every(({ acknowledged }) => acknowledged)).toBe(true)
  expect(await countSessions(loaded.client.redis, seeds)).toBe(0)
  await unload(at(), 'away', loaded)
})

test('a replica that was cut off before a flush and is promoted after it serves not one old session', async () => {
  const { cluster, objects, namespace } = at()
  const loaded = await loadedStore(at(), 'behind', { seeds })
  await loaded.writer.stop()
  const { nodes = [], primary } = await untilWhole(at(), 'behind')
  const [behind = '', other = ''] = nodes.filter(({ role }) => role === 'replica').map(({ name }) => name)
  const pidOf = (pod: string) => cluster.containerPid(namespace, pod, 'redis')
  const pid = await pidOf(behind)
  process.kill(pid, 'SIGSTOP')
  let reader: ReturnType<typeof readOldOnes> | undefined
  try {
    await objects.create(flush(namespace, 'behind-1', 'behind'))
    await objects.until(
      'flushsessions',
      'behind-1',
      namespace,
      'waiting for the node',
      (each) => isTrue(each, 'Unfenced') && conditionOf(each, 'Replicated')?.reason === 'NodeAway',
    )
    reader = readOldOnes(loaded)
    // Both that have no old session any more come back empty, and the one that has them all is what is left.
    const full = await Promise.all([primary?.current ?? '', other].map(pidOf))
    // At once: else the one that is left takes over from the first.
    for (const each of full) process.kill(each, 'SIGKILL')
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  const after = await untilWhole(at(), 'behind', { afterTerm: primary?.term ?? 0 })
  expect(after.primary).toMatchObject({ target: behind, change: { basis: 'Replica' } })
  const status = flushStatus(await untilPhase('behind-1', 'Completed'))
  for (const node of status.nodes ?? []) expect(node, JSON.stringify(node)).toMatchObject({ acknowledged: true })
  expect(await reader?.stop()).toMatchObject({ old: 0 })
  await untilWhole(at(), 'behind')
  for (const pod of [behind, other, primary?.current ?? ''])
    expect(await countOnNode(at(), pod, 'behind', seeds), pod).toBe(0)
  const login = secretData(await objects.get('secret', 'behind-web', namespace))
  expect(await canLogIn(at(), 'behind', login)).toBe('OK')
  await unload(at(), 'behind', loaded)
})

/** Reads sessions of before a flush, as fast as they are answered, and counts those that are there. */
const readOldOnes = ({ client }: Loaded) => {
  const counts = { asked: 0, old: 0 }
  const stopped = new AbortController()
  const done = (async () => {
    for (let index = 0; !stopped.signal.aborted; index = (index + 1) % seeds) {
      try {
        if ((await client.redis.get(`shop:session:${index}`)) !== null) counts.old += 1
        counts.asked += 1
      } catch {
        // Nobody serves at that moment.
        await delay(5)
      }
    }
  })()
  return {
    stop: async () => {
      stopped.abort()
      await done
      return counts
    },
  }
}

test('a primary that is killed while a flush drains: the next one is fenced and drained anew, and none comes back', async () => {
  const { cluster, objects, namespace } = at()
  const loaded = await loadedStore(at(), 'killed', { seeds })
  await loaded.writer.stop()
  const { primary } = await untilWhole(at(), 'killed')
  await objects.create(flush(namespace, 'killed-1', 'killed', { drain: '12s' }))
  await objects.until('flushsessions', 'killed-1', namespace, 'fenced', (each) => isTrue(each, 'Deleted'))
  process.kill(await cluster.containerPid(namespace, primary?.current ?? '', 'redis'), 'SIGKILL')
  const status = flushStatus(await untilPhase('killed-1', 'Completed'))
  const after = await untilWhole(at(), 'killed', { afterTerm: primary?.term ?? 0 })
  expect(status.fence?.runId).toBe(after.primary?.runId)
  expect(await countSessions(loaded.client.redis, seeds)).toBe(0)
  expect(await loaded.client.redis.set('shop:session:login', 'v', 'EX', 60)).toBe('OK')
  await unload(at(), 'killed', loaded)
})
