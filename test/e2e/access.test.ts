import type { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { customCommands } from '../../src/sessions/presets/custom.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import {
  connectClient,
  operatorNamespace,
  redisThrough,
  store,
  untilReady,
  writeSessions,
  type StoreClient,
} from './fixtures.ts'
import { secretData } from './objects.ts'
import { derivedPassword, readMasterKey } from './derived-password.ts'
import { suite } from './suite.ts'
import { openTunnel } from './tunnel.ts'

const at = suite('e2e-access', { strangers: true })
let web: StoreClient

beforeAll(async () => {
  const { cluster, objects, namespace } = at()
  const client = (name: string, preset: string) => ({
    ...store(namespace, name),
    spec: { ...(store(namespace, name)['spec'] as object), sessions: { client: preset, keyPrefix: 'shop:session' } },
  })
  await objects.apply(client('web', 'express'), client('rails', 'rails-redis-store'))
  await untilReady(objects, namespace, 'web')
  await untilReady(objects, namespace, 'rails')
  web = await connectClient(cluster, objects, namespace, 'web')
})

afterAll(async () => {
  web.redis.disconnect()
  await web.close()
})

const outcome = async (redis: Redis, command: readonly string[]): Promise<'allowed' | 'denied'> => {
  const [name = '', ...args] = command
  try {
    await redis.call(name, ...args)
    return 'allowed'
  } catch (error) {
    const { message } = error as Error
    if (message.startsWith('NOPERM')) return 'denied'
    throw error
  }
}

const mine = 'shop:session:1'
const theirs = 'other:1'

test.each([
  [['PING'], 'allowed'],
  [['SET', mine, 'v', 'EX', '60'], 'allowed'],
  [['GET', mine], 'allowed'],
  [['EXPIRE', mine, '60'], 'allowed'],
  [['DEL', mine], 'allowed'],
  [['CLIENT', 'SETNAME', 'me'], 'allowed'],
  [['SELECT', '0'], 'allowed'],
  [['SET', theirs, 'v'], 'denied'],
  [['GET', theirs], 'denied'],
  [['DEL', theirs], 'denied'],
  [['SET', 'shop:session', 'v'], 'denied'],
  [['SET', 'shop:sessions:1', 'v'], 'denied'],
  [['GETSET', mine, 'v'], 'denied'],
  [['SETEX', mine, '60', 'v'], 'denied'],
  [['MGET', mine], 'denied'],
  [['KEYS', '*'], 'denied'],
  [['SCAN', '0'], 'denied'],
  [['RANDOMKEY'], 'denied'],
  [['DBSIZE'], 'denied'],
  [['FLUSHDB'], 'denied'],
  [['FLUSHALL'], 'denied'],
  [['SWAPDB', '0', '0'], 'denied'],
  [['EVAL', 'return 1', '0'], 'denied'],
  [['FUNCTION', 'LIST'], 'denied'],
  [['SCRIPT', 'FLUSH'], 'denied'],
  [['MULTI'], 'denied'],
  [['CONFIG', 'GET', '*'], 'denied'],
  [['ACL', 'LIST'], 'denied'],
  [['ACL', 'SETUSER', 'x', 'on'], 'denied'],
  [['INFO'], 'denied'],
  [['CLIENT', 'LIST'], 'denied'],
  [['CLIENT', 'KILL', 'USER', 'operator'], 'denied'],
  [['MONITOR'], 'denied'],
  [['SLOWLOG', 'GET'], 'denied'],
  [['REPLICAOF', 'NO', 'ONE'], 'denied'],
  [['SHUTDOWN', 'NOSAVE'], 'denied'],
  [['BGSAVE'], 'denied'],
  [['RESTORE', mine, '0', 'x'], 'denied'],
  [['OBJECT', 'FREQ', mine], 'denied'],
  [['PUBLISH', 'c', 'm'], 'denied'],
  [['SUBSCRIBE', 'c'], 'denied'],
  [['SELECT', '1'], 'denied'],
] as const)('an express client that sends %j is %s', async (command, expected) => {
  expect(await outcome(web.redis, command)).toBe(expected)
})

test.each([
  [['SETEX', mine, '60', 'v'], 'allowed'],
  [['SET', mine, 'v'], 'allowed'],
  [['GET', mine], 'allowed'],
  [['DEL', mine], 'allowed'],
  [['EXPIRE', mine, '60'], 'denied'],
  [['SETEX', theirs, '60', 'v'], 'denied'],
  [['FLUSHALL'], 'denied'],
] as const)('a redis-store client that sends %j is %s', async (command, expected) => {
  const { cluster, objects, namespace } = at()
  const rails = await connectClient(cluster, objects, namespace, 'rails')
  expect(await outcome(rails.redis, command)).toBe(expected)
  rails.redis.disconnect()
  await rails.close()
})

test('nobody gets in without a password, and the probe can only ask whether Redis answers', async () => {
  const { cluster, objects, namespace } = at()
  const { clusterIP } = (await objects.get('service', 'web', namespace))['spec'] as { clusterIP: string }
  const tunnel = await openTunnel(cluster, namespace, 'client', clusterIP, 6379)
  const nobody = redisThrough(tunnel, {})
  await expect(nobody.get(mine)).rejects.toThrow('NOAUTH')
  const probe = redisThrough(tunnel, { username: 'probe', password: 'any' })
  expect(await outcome(probe, ['PING'])).toBe('allowed')
  expect(await outcome(probe, ['GET', mine])).toBe('denied')
  expect(await outcome(probe, ['INFO'])).toBe('denied')
  for (const each of [nobody, probe]) each.disconnect()
  await tunnel.close()
})

test('a pod that is not a declared client gets no connection; the declared one does', async () => {
  const { objects, namespace } = at()
  const { clusterIP } = (await objects.get('service', 'web', namespace))['spec'] as { clusterIP: string }
  const { podIP } = (await objects.get('pod', 'web-0', namespace))['status'] as { podIP: string }
  const reach = async (pod: string, address: string): Promise<string> => {
    const script = `timeout 3 redis-cli -h ${address} --user probe --pass any --no-auth-warning ping 2>&1 || echo no answer`
    return (await objects.run(['exec', '-n', namespace, pod, '--', 'sh', '-c', script])).trim()
  }
  for (const address of [clusterIP, podIP]) {
    expect(await reach('client', address)).toBe('PONG')
    expect(await reach('stranger', address)).toContain('no answer')
  }
})

test("reading every Secret of the store's namespace does not give FLUSHALL, nor any right beyond the clients'", async () => {
  const { cluster, objects, namespace } = at()
  const { clusterIP } = (await objects.get('service', 'web', namespace))['spec'] as { clusterIP: string }
  const values = (await objects.list('secrets', namespace)).flatMap((secret) => Object.values(secretData(secret)))
  const words = new Set(values.flatMap((value) => value.split(/[\s:@/#]+/)).filter((word) => word.length >= 8))
  const tunnel = await openTunnel(cluster, namespace, 'client', clusterIP, 6379)
  let opened = 0
  for (const username of ['operator', 'default', 'web-a']) {
    for (const password of words) {
      const redis = redisThrough(tunnel, { username, password })
      const reply = await redis.call('FLUSHALL').then(
        () => 'flushed',
        (error: Error) => error.message,
      )
      if (reply.startsWith('NOPERM')) opened += 1
      expect(reply, username).toMatch(/^(NOPERM|NOAUTH|WRONGPASS|Reached the max retries|Connection is closed)/)
      redis.disconnect()
    }
  }
  // The one password that opens is web-a's: else this test would prove nothing.
  expect(opened).toBe(1)
  await tunnel.close()
})

test('nothing secret is in an environment, an argument, a log, an event or a status', async () => {
  const { cluster, objects, namespace } = at()
  await writeSessions(web.redis, 100, 'shop:session:secret-id')
  const passwords = [secretData(await objects.get('secret', 'web-web', namespace))['password'] ?? '']
  const master = await readMasterKey(objects)
  const { metadata } = await objects.get('sessionstore', 'web', namespace)
  passwords.push(derivedPassword(master, 'operator', metadata.uid), master.toString('base64'))
  const kinds =
    'sessionstores,flushsessions,auditrecords,pods,statefulsets,configmaps,services,events,networkpolicies,leases'
  const logs = await objects.run([
    'logs',
    '-n',
    operatorNamespace,
    '-l',
    'app.kubernetes.io/name=session-store-operator',
    '--tail=-1',
    '--prefix',
  ])
  const places: readonly (readonly [string, string])[] = [
    ['objects', await objects.run(['get', kinds, '-n', namespace, '-o', 'json'])],
    [
      "operator's objects",
      await objects.run(['get', 'pods,configmaps,events,leases', '-n', operatorNamespace, '-o', 'json']),
    ],
    ["operator's log", logs],
    ["Redis' log", await objects.run(['logs', '-n', namespace, 'web-0', '--all-containers'])],
    [
      'command lines and environments',
      await objects.run([
        'exec',
        '-n',
        namespace,
        'web-0',
        '-c',
        'redis',
        '--',
        'sh',
        '-c',
        'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr "\\0" " "',
      ]),
    ],
  ]
  expect(logs).not.toBe('')
  for (const [place, text] of places) {
    for (const [index, password] of passwords.entries())
      expect(text.includes(password), `password ${index} in ${place}`).toBe(false)
    expect(text.includes('secret-id'), `a session's key in ${place}`).toBe(false)
  }
  expect(cluster.nodes().length).toBeGreaterThan(0)
})

test.each(['Redis', 'Valkey'] as const)(
  "%s: a client of one's own gets the commands that it asks for, no others, and more of them while it runs",
  async (engine) => {
    const { cluster, objects, namespace } = at()
    const name = `custom-${engine.toLowerCase()}`
    const sessions = (...commands: readonly string[]) => ({
      client: 'Custom',
      keyPrefix: 'shop:session',
      custom: { commands },
    })
    await objects.apply(store(namespace, name, { engine, spec: { sessions: sessions('hset', 'hgetall') } }))
    await untilReady(objects, namespace, name)
    const { metadata } = await objects.get('pod', `${name}-0`, namespace)
    const client = await connectClient(cluster, objects, namespace, name)
    try {
      expect(await outcome(client.redis, ['HSET', mine, 'a', '1'])).toBe('allowed')
      expect(await outcome(client.redis, ['HGETALL', mine])).toBe('allowed')
      expect(await outcome(client.redis, ['HSET', theirs, 'a', '1'])).toBe('denied')
      expect(await outcome(client.redis, ['DEL', mine])).toBe('denied')
      await objects.patch('sessionstore', name, namespace, { spec: { sessions: sessions(...customCommands) } })
      await waitUntil('more is granted', async () => (await outcome(client.redis, ['DEL', mine])) === 'allowed', {
        timeoutMs: 20_000,
      })
      expect(await outcome(client.redis, ['KEYS', '*'])).toBe('denied')
      expect((await objects.get('pod', `${name}-0`, namespace)).metadata.uid).toBe(metadata.uid)
    } finally {
      client.redis.disconnect()
      await client.close()
    }
  },
)
