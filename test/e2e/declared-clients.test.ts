import { expect, test } from 'vitest'
import { waitUntil } from '../cluster/wait-until.ts'
import { connectClient, store, untilReady } from './fixtures.ts'
import { conditionOf, type KubeObject } from './objects.ts'
import { suite } from './suite.ts'

const at = suite('e2e-declared', { strangers: true })

const connect = async (pod: string) => {
  const client = await connectClient(at().cluster, at().objects, at().namespace, 'open', { pod })
  let closed = 0
  client.redis.on('close', () => (closed += 1))
  await client.redis.get('shop:session:none')
  return {
    redis: client.redis,
    closed: () => closed,
    end: async () => {
      client.redis.disconnect()
      await client.close()
    },
  }
}

const until = async (status: string, reason: string) => {
  const { objects, namespace } = at()
  const holds = (object: KubeObject) => {
    const condition = conditionOf(object, 'ClientsDeclared')
    return condition?.status === status && condition.reason === reason
  }
  const found = await objects.until('sessionstore', 'open', namespace, `ClientsDeclared ${reason}`, holds, 60_000)
  return conditionOf(found, 'ClientsDeclared')?.message ?? ''
}

test('Audit names who is connected and not declared, and cuts nobody; Enforce cuts those, and nobody else', async () => {
  const { objects, namespace } = at()
  await objects.apply(store(namespace, 'open', { spec: { network: { enforcement: 'Audit' } } }))
  await untilReady(objects, namespace, 'open')
  const declared = await connect('client')
  const stranger = await connect('stranger')
  try {
    const message = await until('False', 'UndeclaredClients')
    expect(message).toContain('pod stranger (web-a)')
    expect(message).not.toContain('pod client')
    expect([declared.closed(), stranger.closed()]).toEqual([0, 0])

    await objects.patch('sessionstore', 'open', namespace, { spec: { network: { enforcement: 'Enforce' } } })
    await waitUntil('the stranger is cut off', () => stranger.closed() > 0, { timeoutMs: 60_000 })
    // It may get in once more before the nodes have taken over the policy: the next look finds it.
    const isOut = async () =>
      await stranger.redis.get('shop:session:none').then(
        () => false,
        () => true,
      )
    await waitUntil('the stranger stays out', isOut, { timeoutMs: 60_000 })
    await until('True', 'Declared')
    expect(await declared.redis.get('shop:session:none')).toBeNull()
    expect(declared.closed(), 'connections of the declared client that were closed').toBe(0)
  } finally {
    await declared.end()
    await stranger.end()
  }
})
