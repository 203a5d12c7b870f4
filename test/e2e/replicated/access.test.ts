import { beforeAll, expect, test } from 'vitest'
import { derivedPassword, readMasterKey } from '../derived-password.ts'
import { connectClient, redisThrough, store, untilReady } from '../fixtures.ts'
import { secretData } from '../objects.ts'
import { suite } from '../suite.ts'
import { openTunnel } from '../tunnel.ts'
import { topology, untilWhole } from './fixture.ts'

const at = suite('e2e-nodes-access', { strangers: true })

const name = 'web'
const pods = ['web-0', 'web-1']

beforeAll(async () => {
  const { objects, namespace } = at()
  await objects.apply(store(namespace, name, { spec: topology(1) }))
  await untilReady(objects, namespace, name)
  await untilWhole(at(), name, { replicas: 1 })
})

test('a pod that is not a declared client reaches no node and no Service; the declared one does', async () => {
  const { objects, namespace } = at()
  const addresses = await Promise.all([
    ...pods.map(async (pod) => ((await objects.get('pod', pod, namespace))['status'] as { podIP: string }).podIP),
    ...[name, `${name}-replicas`].map(
      async (service) =>
        ((await objects.get('service', service, namespace))['spec'] as { clusterIP: string }).clusterIP,
    ),
  ])
  const reach = async (pod: string, address: string): Promise<string> => {
    const script = `timeout 3 redis-cli -h ${address} --user probe --pass any --no-auth-warning ping 2>&1 || echo no answer`
    return (await objects.run(['exec', '-n', namespace, pod, '--', 'sh', '-c', script])).trim()
  }
  for (const address of addresses) {
    expect(await reach('client', address), address).toBe('PONG')
    expect(await reach('stranger', address), address).toContain('no answer')
  }
})

test('an application cannot copy a store by replication, move it, or read what replicas log in with', async () => {
  const { cluster, objects, namespace } = at()
  const client = await connectClient(cluster, objects, namespace, name)
  for (const command of [
    'PSYNC ? -1',
    'SYNC',
    'REPLCONF listening-port 1',
    'REPLICAOF NO ONE',
    'CONFIG GET masterauth',
  ]) {
    const [verb = '', ...args] = command.split(' ')
    await expect(client.redis.call(verb, ...args), command).rejects.toThrow('NOPERM')
  }
  client.redis.disconnect()
  await client.close()
})

test('no word of any Secret opens the user of replicas, and its password is nowhere to be read', async () => {
  const { cluster, objects, namespace } = at()
  const secrets = await objects.list('secrets', namespace)
  const words = new Set(
    secrets.flatMap((secret) => Object.values(secretData(secret)).flatMap((value) => value.split(/[\s:@/#]+/))),
  )
  const { metadata } = await objects.get('sessionstore', name, namespace)
  const password = derivedPassword(await readMasterKey(objects), 'replication', metadata.uid)
  const { clusterIP } = (await objects.get('service', name, namespace))['spec'] as { clusterIP: string }
  const tunnel = await openTunnel(cluster, namespace, 'client', clusterIP, 6379)
  const tryLogin = async (word: string): Promise<string> => {
    const redis = redisThrough(tunnel, { username: 'replication', password: word })
    try {
      return String(await redis.call('PING'))
    } catch (error) {
      return String(error)
    } finally {
      redis.disconnect()
    }
  }
  // The right one opens: else this test would prove nothing.
  expect(await tryLogin(password)).toBe('PONG')
  for (const word of [...words].filter(({ length }) => length >= 8)) expect(await tryLogin(word)).not.toBe('PONG')
  await tunnel.close()

  const kinds = 'sessionstores,auditrecords,pods,statefulsets,configmaps,services,endpointslices,events,leases'
  const inPod =
    'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ; find /data /etc /run /tmp -type f -exec cat {} + 2>/dev/null; true'
  const places: string[] = [
    await objects.run(['get', kinds, '-n', namespace, '-o', 'json']),
    JSON.stringify(secrets.map((secret) => secretData(secret))),
  ]
  for (const pod of pods) {
    places.push(
      await objects.run(['logs', '-n', namespace, pod, '--all-containers']),
      await objects.run(['exec', '-n', namespace, pod, '-c', 'redis', '--', 'sh', '-c', inPod]),
    )
  }
  for (const [index, text] of places.entries()) {
    expect(text.length, `place ${index}`).toBeGreaterThan(0)
    expect(text.includes(password), `place ${index}`).toBe(false)
  }
})
