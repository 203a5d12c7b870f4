import { execFile } from 'node:child_process'
import { chmod, cp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
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
  type StoreClient,
} from './fixtures.ts'
import { conditionOf, isTrue, secretData, type KubeObject } from './objects.ts'
import { statusOf, topology, untilWhole } from './replicated/fixture.ts'
import { suite } from './suite.ts'
import { openTunnel } from './tunnel.ts'

const run = promisify(execFile)
const at = suite('e2e-persistence')

const count = 5_000
const claims = { claim: { size: '1Gi' } }
const appendOnly = { persistence: { mode: 'AppendOnly', ...claims } }
const snapshot = { persistence: { mode: 'Snapshot', ...claims } }
const label = (name: string) => `app.kubernetes.io/instance=${name}`

const untilServing = async (name: string, replicated: boolean): Promise<void> => {
  const { objects, namespace } = at()
  if (replicated) await untilWhole(at(), name)
  else await untilReady(objects, namespace, name)
}

const podsOf = async (name: string): Promise<readonly KubeObject[]> =>
  await at().objects.list('pod', at().namespace, '-l', label(name))

const untilCompleted = async (name: string): Promise<void> => {
  const phase = (each: KubeObject) => (each['status'] as { phase?: string } | undefined)?.phase
  const { objects, namespace } = at()
  await objects.until('flushsessions', name, namespace, 'completed', (each) => phase(each) === 'Completed')
}

/** Of a volume that is a folder of one node's. */
interface NodeAffinity {
  readonly required: {
    readonly nodeSelectorTerms: readonly {
      readonly matchExpressions: readonly { readonly values: readonly string[] }[]
    }[]
  }
}

/** Where the files of a pod lie, seen from here. */
const folderOf = async (pod: string): Promise<string> => {
  const { objects, namespace } = at()
  const claim = await objects.get('pvc', `data-${pod}`, namespace)
  const { volumeName } = claim['spec'] as { volumeName: string }
  const volume = JSON.parse(await objects.run(['get', 'pv', volumeName, '-o', 'json'])) as {
    spec: { hostPath?: { path: string }; local?: { path: string }; nodeAffinity: NodeAffinity }
  }
  const path = volume.spec.hostPath?.path ?? volume.spec.local?.path
  if (path === undefined) throw new Error(`the volume of ${pod} has no path`)
  const [term] = volume.spec.nodeAffinity.required.nodeSelectorTerms
  const node = term?.matchExpressions[0]?.values[0] ?? ''
  return `${await at().cluster.nodeRoot(node)}${path}`
}

/** How many files of a store's volumes have a session's text in them. */
const filesWith = async (name: string, text: string): Promise<number> => {
  const pods = await podsOf(name)
  const counts = pods.map(async ({ metadata }) => {
    const { stdout } = await run('grep', ['-rlaF', text, await folderOf(metadata.name)]).catch(
      (error: { code?: number; stdout: string }) => {
        if (error.code !== 1) throw error
        return { stdout: '' }
      },
    )
    return stdout.split('\n').filter((line) => line !== '').length
  })
  return (await Promise.all(counts)).reduce((sum, each) => sum + each, 0)
}

const kill = async (pod: string): Promise<void> => {
  const { cluster, namespace } = at()
  process.kill(await cluster.containerPid(namespace, pod, 'redis'), 'SIGKILL')
}

/** Puts files of before where those of now are, as somebody does who restores a backup; Redis is killed, and reads them. */
const restore = async (pods: readonly string[], backups: ReadonlyMap<string, string>): Promise<void> => {
  for (const pod of pods) {
    const folder = await folderOf(pod)
    for (const entry of await readdir(folder)) await rm(join(folder, entry), { recursive: true })
    await cp(backups.get(pod) ?? '', folder, { recursive: true })
    await run('chown', ['-R', '999:999', folder])
  }
  await Promise.all(pods.map((pod) => kill(pod)))
}

const backUp = async (pods: readonly string[]): Promise<ReadonlyMap<string, string>> => {
  const backups = new Map<string, string>()
  for (const pod of pods) {
    const folder = await folderOf(pod)
    const backup = `${folder}-backup`
    await rm(backup, { recursive: true, force: true })
    await cp(folder, backup, { recursive: true })
    backups.set(pod, backup)
  }
  return backups
}

const removeBackups = async (backups: ReadonlyMap<string, string>): Promise<void> => {
  for (const backup of backups.values()) await rm(backup, { recursive: true, force: true })
}

const leave = async (name: string, client?: StoreClient): Promise<void> => {
  const { objects, namespace } = at()
  client?.redis.disconnect()
  await client?.close()
  await objects.delete('sessionstore', name, namespace)
}

const shapes = [
  ['an append-only file', 'aof', appendOnly, false, 'Redis'],
  ['a snapshot', 'rdb', snapshot, false, 'Valkey'],
  ['append-only files of three nodes', 'aof-three', { ...appendOnly, ...topology() }, true, 'Valkey'],
  ['snapshots of three nodes', 'rdb-three', { ...snapshot, ...topology() }, true, 'Redis'],
] as const

describe.each(shapes)('%s on claims', (_what, name, spec, replicated, engine) => {
  test('every pod deleted at once: every acknowledged session is there; after a flush no file of any node has one', async () => {
    const { cluster, objects, namespace } = at()
    await objects.apply(store(namespace, name, { engine, spec }))
    await untilServing(name, replicated)
    const client = await connectClient(cluster, objects, namespace, name)
    await writeSessions(client.redis, count)
    const before = await podsOf(name)
    await objects.run(['delete', 'pod', '-n', namespace, '-l', label(name)])
    const deletedMs = performance.now()
    await waitUntil(
      'it serves again',
      async () => (await client.redis.set('shop:session:after', 'v', 'EX', 600)) === 'OK',
      { timeoutMs: 120_000, intervalMs: 100 },
    )
    console.log(
      `${name}: every pod deleted, writes again ${(performance.now() - deletedMs).toFixed(0)} ms after they had ended`,
    )
    await untilServing(name, replicated)
    const uids = (list: readonly KubeObject[]) => list.map(({ metadata }) => metadata.uid ?? '')
    expect(uids(await podsOf(name)).filter((uid) => uids(before).includes(uid))).toEqual([])
    expect(await countSessions(client.redis, count)).toBe(count)
    const persisted = conditionOf(await objects.get('sessionstore', name, namespace), 'Persisted')
    expect(persisted).toMatchObject({ status: 'True' })

    expect(await filesWith(name, 'user-77"')).toBeGreaterThan(0)
    await objects.create(flush(namespace, name, name))
    await untilCompleted(name)
    expect(await filesWith(name, 'user-77"')).toBe(0)
    // And with what has been written since.
    await writeSessions(client.redis, 10, 'shop:session', count)
    await objects.run(['delete', 'pod', '-n', namespace, '-l', label(name)])
    await untilServing(name, replicated)
    expect(await countSessions(client.redis, count)).toBe(0)
    expect(await countSessions(client.redis, 10, 'shop:session', count)).toBe(10)
    await leave(name, client)
    await waitUntil(
      'its claims are gone',
      async () => (await objects.list('pvc', namespace, '-l', label(name))).length === 0,
      { timeoutMs: 60_000 },
    )
  })
})

/** A session that is there; revoked for one person, kept for everybody else. */
const revokedOnly = { scope: { principals: { values: ['user-77'] } }, guarantee: 'Guarded' }

test('a volume out of a backup from before a flush is read by nobody, until a person decides; then the store is empty, and serves', async () => {
  const { cluster, objects, namespace } = at()
  const name = 'restored'
  const sessions = { client: 'express', keyPrefix: 'shop:session', principalPath: ['user'] }
  await objects.apply(store(namespace, name, { spec: { ...appendOnly, sessions } }))
  await untilServing(name, false)
  const client = await connectClient(cluster, objects, namespace, name)
  await writeSessions(client.redis, count)
  const backups = await backUp([`${name}-0`])
  await objects.create(flush(namespace, name, name, { drain: '1s', spec: revokedOnly }))
  await untilCompleted(name)
  expect(await client.redis.get('shop:session:77')).toBeNull()
  expect(await countSessions(client.redis, count)).toBe(count - 1)
  // A restart of what is there is none of that.
  await kill(`${name}-0`)
  await waitUntil('it serves again', async () => (await client.redis.get('shop:session:76')) !== null, {
    timeoutMs: 60_000,
  })

  // By the Service nobody comes to it, from the first moment on.
  const reading = { on: true, seen: new Set<string>() }
  const reader = (async () => {
    while (reading.on) {
      // While nobody is led to it, a request waits.
      const asked = client.redis.get('shop:session:77').catch(() => null)
      const value = await Promise.race([asked, delay(200)])
      if (typeof value === 'string') reading.seen.add(value)
      await delay(5)
    }
  })()
  await restore([`${name}-0`], backups)
  const refused = await objects.until(
    'sessionstore',
    name,
    namespace,
    'refused',
    (each) => conditionOf(each, 'Ready')?.reason === 'VolumeBehindFlush',
  )
  await delay(3_000)
  reading.on = false
  client.redis.disconnect()
  await reader
  expect([...reading.seen]).toEqual([])
  // Nor would anybody without an operator, who takes the clients' users away within moments.
  const slices = await objects.list('endpointslice', namespace, '-l', `kubernetes.io/service-name=${name}`)
  const endpoints = slices.flatMap((slice) => slice['endpoints'] as readonly { conditions: { ready: boolean } }[])
  expect(endpoints.map(({ conditions }) => conditions.ready)).toEqual([false])
  // To end some sessions alone would make the rest look as if they had been looked at.
  await objects.create(flush(namespace, `${name}-some`, name, { spec: revokedOnly }))
  const some = await objects.until(
    'flushsessions',
    `${name}-some`,
    namespace,
    'failed',
    (each) => (each['status'] as { phase?: string } | undefined)?.phase === 'Failed',
  )
  expect((some['status'] as { outcome: { reason: string } }).outcome.reason).toBe('DataBehindFlush')
  await client.close()
  // Who comes by its address is not let in.
  const secret = secretData(await objects.get('secret', `${name}-web`, namespace))
  const pod = await objects.get('pod', `${name}-0`, namespace)
  const { podIP } = pod['status'] as { podIP: string }
  const tunnel = await openTunnel(cluster, namespace, 'client', podIP, 6379)
  const direct = redisThrough(tunnel, secret)
  await expect(direct.get('shop:session:77')).rejects.toThrow(/WRONGPASS|NOAUTH|NOPERM/)
  direct.disconnect()
  await tunnel.close()
  expect(isTrue(pod, 'Ready')).toBe(false)

  const [, remedy = ''] = /with no session at all: (.*)$/.exec(conditionOf(refused, 'Ready')?.message ?? '') ?? []
  for (const command of remedy.split(' && ')) await objects.run(command.split(' ').slice(1))
  await untilServing(name, false)
  const again = await connectClient(cluster, objects, namespace, name)
  expect(await countSessions(again.redis, count)).toBe(0)
  await writeSessions(again.redis, 1)

  // Or everybody is flushed: what is there goes, and is marked.
  await restore([`${name}-0`], backups)
  await objects.until(
    'sessionstore',
    name,
    namespace,
    'refused',
    (each) => conditionOf(each, 'Ready')?.reason === 'VolumeBehindFlush',
  )
  await objects.create(flush(namespace, `${name}-all`, name, { drain: '1s' }))
  await untilCompleted(`${name}-all`)
  await untilServing(name, false)
  expect(await countSessions(again.redis, count)).toBe(0)
  await removeBackups(backups)
  await leave(name, again)
})

test('of three nodes whose volumes are all from before a flush the new primary is emptied before anybody reads it', async () => {
  const { cluster, objects, namespace } = at()
  const name = 'restored-three'
  await objects.apply(store(namespace, name, { spec: { ...snapshot, ...topology() } }))
  await untilServing(name, true)
  const client = await connectClient(cluster, objects, namespace, name)
  await writeSessions(client.redis, count)
  const pods = [0, 1, 2].map((ordinal) => `${name}-${ordinal}`)
  // An orderly end writes the snapshot.
  await objects.run(['delete', 'pod', '-n', namespace, '-l', label(name)])
  await untilServing(name, true)
  expect(await countSessions(client.redis, count)).toBe(count)
  const backups = await backUp(pods)
  await objects.create(flush(namespace, name, name, { drain: '1s' }))
  await untilCompleted(name)
  await restore(pods, backups)
  const seen = new Set<string>()
  await waitUntil(
    'it serves again',
    async () => {
      const values = await Promise.all(['shop:session:77', 'shop:session:78'].map((key) => client.redis.get(key)))
      for (const value of values) if (value !== null) seen.add(value)
      return (await client.redis.set('shop:session:after', 'v', 'EX', 60)) === 'OK'
    },
    { timeoutMs: 120_000, intervalMs: 20 },
  )
  await untilServing(name, true)
  expect(await countSessions(client.redis, count)).toBe(0)
  expect([...seen]).toEqual([])
  await removeBackups(backups)
  await leave(name, client)
})

test('killed between the deletion and the snapshot: the flush begins anew, and completes when neither Redis nor a file has what was revoked', async () => {
  const { cluster, objects, namespace } = at()
  const name = 'killed'
  const sessions = { client: 'express', keyPrefix: 'shop:session', principalPath: ['user'] }
  await objects.apply(store(namespace, name, { spec: { ...snapshot, sessions } }))
  await untilServing(name, false)
  const client = await connectClient(cluster, objects, namespace, name)
  await writeSessions(client.redis, count)
  // The snapshot of before has all of them.
  await objects.delete('pod', `${name}-0`, namespace)
  await untilServing(name, false)
  for (const [flushName, when] of [
    [name, 'Deleted'],
    [`${name}-again`, 'Verified'],
  ] as const) {
    await client.redis.set('shop:session:77', '{"user":"user-77"}', 'EX', 3_600)
    await objects.delete('pod', `${name}-0`, namespace)
    await untilServing(name, false)
    // No snapshot can be written in the meantime.
    await chmod(await folderOf(`${name}-0`), 0o555)
    await objects.create(flush(namespace, flushName, name, { drain: '3s', spec: revokedOnly }))
    await objects.until('flushsessions', flushName, namespace, when, (each) => isTrue(each, when))
    await kill(`${name}-0`)
    await delay(3_000)
    await chmod(await folderOf(`${name}-0`), 0o777)
    await untilCompleted(flushName)
  }
  expect(await client.redis.get('shop:session:77')).toBeNull()
  expect(await countSessions(client.redis, count)).toBe(count - 1)
  expect(await filesWith(name, 'user-77"')).toBe(0)
  await leave(name, client)
})

test('a node that cannot come back keeps a flush from completing as long as its volume may hold what was revoked', async () => {
  const { cluster, objects, namespace } = at()
  const name = 'away'
  await objects.apply(store(namespace, name, { spec: { ...appendOnly, ...topology() } }))
  await untilServing(name, true)
  const client = await connectClient(cluster, objects, namespace, name)
  await writeSessions(client.redis, count)
  const primary = statusOf(await objects.get('sessionstore', name, namespace)).primary?.current
  const replica = [0, 1, 2].map((ordinal) => `${name}-${ordinal}`).find((pod) => pod !== primary) ?? ''
  const { nodeName } = (await objects.get('pod', replica, namespace))['spec'] as { nodeName: string }
  await objects.run(['cordon', nodeName])
  try {
    await objects.delete('pod', replica, namespace)
    await objects.create(flush(namespace, name, name))
    const waits = await objects.until(
      'flushsessions',
      name,
      namespace,
      'waits for it',
      (each) => conditionOf(each, 'Replicated')?.reason === 'NodeAway',
    )
    expect(conditionOf(waits, 'Replicated')?.message).toContain(replica)
    // People log in meanwhile.
    await writeSessions(client.redis, 10, 'shop:session', count)
    expect(await filesWith(name, 'user-77"')).toBeGreaterThan(0)
  } finally {
    await objects.run(['uncordon', nodeName])
  }
  await untilCompleted(name)
  expect(await filesWith(name, 'user-77"')).toBe(0)
  expect(await countSessions(client.redis, 10, 'shop:session', count)).toBe(10)
  await leave(name, client)
})

test('what a deleted store left behind is not read by another one of its name', async () => {
  const { cluster, objects, namespace } = at()
  const name = 'left'
  await objects.apply(store(namespace, name, { spec: { ...appendOnly, deletionPolicy: 'Retain' } }))
  await untilServing(name, false)
  const client = await connectClient(cluster, objects, namespace, name)
  await writeSessions(client.redis, 100)
  await leave(name, client)
  await waitUntil('its pod is gone', async () => (await podsOf(name)).length === 0, { timeoutMs: 60_000 })
  const [kept] = await objects.list('pvc', namespace, '-l', label(name))
  expect(kept?.metadata.name).toBe('data-left-0')

  await objects.apply(store(namespace, name, { spec: appendOnly }))
  const refused = await objects.until(
    'sessionstore',
    name,
    namespace,
    'refused',
    (each) => conditionOf(each, 'Ready')?.reason === 'NameTaken',
  )
  expect(conditionOf(refused, 'Ready')?.message).toContain('data-left-0 has the sessions of another SessionStore')
  // Somebody says that it is this one's: what is on the volume says otherwise.
  await objects.run([
    'annotate',
    'pvc',
    '-n',
    namespace,
    'data-left-0',
    '--overwrite',
    `sessionstore.dev/store-uid=${refused.metadata.uid ?? ''}`,
  ])
  const unread = await objects.until(
    'sessionstore',
    name,
    namespace,
    'not read',
    (each) => conditionOf(each, 'Ready')?.reason === 'VolumeRefused',
  )
  expect(conditionOf(unread, 'Ready')?.message).toContain('it holds the sessions of another SessionStore')
  expect(conditionOf(unread, 'Persisted')?.status).toBe('False')
  await objects.delete('pvc', 'data-left-0', namespace, '--wait=false')
  await objects.delete('pod', 'left-0', namespace)
  await untilServing(name, false)
  const again = await connectClient(cluster, objects, namespace, name)
  expect(await countSessions(again.redis, 100)).toBe(0)
  await leave(name, again)
})

test('a claim goes with the pod that the spec asks for no more; one that cannot grow is told, and the store serves on', async () => {
  const { objects, namespace } = at()
  const name = 'claims'
  await objects.apply(store(namespace, name, { spec: { ...appendOnly, ...topology(2) } }))
  await untilServing(name, true)
  const claimsNow = async () =>
    (await objects.list('pvc', namespace, '-l', label(name))).map(({ metadata }) => metadata.name).toSorted()
  expect(await claimsNow()).toEqual(['data-claims-0', 'data-claims-1', 'data-claims-2'])
  await objects.patch('sessionstore', name, namespace, { spec: topology(1) })
  await waitUntil('two claims are left', async () => (await claimsNow()).length === 2, { timeoutMs: 120_000 })
  expect(await claimsNow()).toEqual(['data-claims-0', 'data-claims-1'])

  await objects.patch('sessionstore', name, namespace, { spec: { persistence: { claim: { size: '2Gi' } } } })
  const told = await objects.until(
    'sessionstore',
    name,
    namespace,
    'told',
    (each) => conditionOf(each, 'Persisted')?.reason === 'ClaimNotResized' && isReady(each),
  )
  expect(conditionOf(told, 'Persisted')?.message).toMatch(/must support resize/)
  // No pod waits for anything, and a new one gets a claim all the same.
  await objects.patch('sessionstore', name, namespace, { spec: topology(2) })
  await untilWhole(at(), name)
  await leave(name)
})

test('a snapshot that cannot be written is told, logs nobody out, and is told no more when it can', async () => {
  const { cluster, objects, namespace } = at()
  const name = 'full'
  const spec = { persistence: { mode: 'Snapshot', snapshotInterval: '10s', ...claims } }
  await objects.apply(store(namespace, name, { spec }))
  await untilServing(name, false)
  const client = await connectClient(cluster, objects, namespace, name)
  await chmod(await folderOf(`${name}-0`), 0o555)
  await writeSessions(client.redis, 100)
  const told = await objects.until(
    'sessionstore',
    name,
    namespace,
    'told',
    (each) => conditionOf(each, 'Persisted')?.reason === 'WriteFailing',
    90_000,
  )
  expect(conditionOf(told, 'Persisted')?.message).toContain('cannot write a snapshot')
  expect(isTrue(told, 'Ready')).toBe(true)
  await writeSessions(client.redis, 100, 'shop:session', 100)
  await chmod(await folderOf(`${name}-0`), 0o777)
  await objects.until('sessionstore', name, namespace, 'written', (each) => isTrue(each, 'Persisted'), 90_000)
  await leave(name, client)
})

test('what cannot change is refused with what to do', async () => {
  const { objects, namespace } = at()
  await objects.apply(store(namespace, 'fixed', { spec: { ...appendOnly, maintenance: { paused: true } } }))
  const change = async (persistence: object) => {
    await objects.patch('sessionstore', 'fixed', namespace, { spec: { persistence } })
  }
  await expect(change({ claim: null })).rejects.toThrow('cannot be added or taken away')
  await expect(change({ mode: 'Snapshot' })).rejects.toThrow('Set None first')
  await expect(change({ claim: { size: '512Mi' } })).rejects.toThrow('cannot shrink')
  await expect(change({ claim: { storageClassName: 'other' } })).rejects.toThrow('a claim keeps its class')
  await objects.delete('sessionstore', 'fixed', namespace)
})
