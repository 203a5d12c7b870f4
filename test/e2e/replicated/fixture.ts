import { expect } from 'vitest'
import type { SessionStoreStatus } from '../../../src/api/session-store-status.ts'
import {
  countSessions,
  connectClient,
  encryptionOf,
  isReady,
  redisThrough,
  store,
  untilReady,
  writeSessions,
  type StoreClient,
} from '../fixtures.ts'
import { waitUntil } from '../../cluster/wait-until.ts'
import { secretData, type KubeObject } from '../objects.ts'
import { startWriter } from '../load/writer.ts'
import type { Writer } from '../load/running-writer.ts'
import type { Suite } from '../suite.ts'
import { openTunnel } from '../tunnel.ts'

export const statusOf = (object: KubeObject): SessionStoreStatus => object['status'] ?? {}

export const topology = (replicas = 2) => ({ topology: { mode: 'Replicated', replicas } })

/** True when every node follows the primary, and its writes are bound to them. */
export const isWhole =
  (replicas = 2) =>
  (object: KubeObject): boolean => {
    const { primary, nodes = [] } = statusOf(object)
    return (
      isReady(object) &&
      primary?.current === primary?.target &&
      (primary?.bounded === true || replicas < 2) &&
      primary?.recorded === primary?.term &&
      nodes.length === replicas + 1 &&
      nodes.some(({ pod, role }) => pod === primary?.pod && role === 'primary') &&
      nodes.filter(({ role, synced }) => role === 'replica' && synced).length === replicas
    )
  }

export const untilWhole = async (
  { objects, namespace }: Suite,
  name: string,
  { replicas = 2, timeoutMs = 90_000, afterTerm = 0 } = {},
): Promise<SessionStoreStatus> =>
  statusOf(
    await objects.until(
      'sessionstore',
      name,
      namespace,
      'whole',
      (each) => isWhole(replicas)(each) && (statusOf(each).primary?.term ?? 0) > afterTerm,
      timeoutMs,
    ),
  )

export interface LoadOptions {
  readonly spec?: Readonly<Record<string, unknown>>
  readonly engine?: 'Redis' | 'Valkey'
  readonly seeds?: number
  readonly replicas?: number
  readonly commandTimeoutMs?: number
}

/** For a writer of whose requests none may fail, and whose gaps nobody measures: what takes long on a busy machine has not failed. */
export const unhurried = { commandTimeoutMs: 5_000 } as const

export interface Loaded {
  readonly client: StoreClient
  readonly writer: Writer
  readonly seeds: number
}

/** A store of a primary and two replicas, with a thousand sessions and a writer that adds more all the time. */
export const loadedStore = async (
  suite: Suite,
  name: string,
  { spec = {}, engine = 'Redis', seeds = 1000, replicas = 2, ...writing }: LoadOptions = {},
): Promise<Loaded> => {
  const { objects, namespace } = suite
  await objects.apply(store(namespace, name, { engine, spec: { ...topology(replicas), ...spec } }))
  await untilReady(objects, namespace, name)
  await untilWhole(suite, name, { replicas })
  return await load(suite, name, seeds, writing)
}

export const load = async (
  suite: Suite,
  name: string,
  seeds = 1000,
  writing: Pick<LoadOptions, 'commandTimeoutMs'> = {},
): Promise<Loaded> => {
  const { cluster, objects, namespace } = suite
  const client = await connectClient(cluster, objects, namespace, name)
  await writeSessions(client.redis, seeds)
  const secret = secretData(await objects.get('secret', `${name}-web`, namespace))
  const { clusterIP } = (await objects.get('service', name, namespace))['spec'] as { clusterIP: string }
  const writer = await startWriter({
    cluster,
    namespace,
    pod: 'client',
    host: clusterIP,
    port: Number(secret['port']),
    username: secret['username'] ?? '',
    password: secret['password'] ?? '',
    ...encryptionOf(secret),
    prefix: 'shop:session',
    ...writing,
  })
  await writer.untilAcknowledged(100)
  return { client, writer, seeds }
}

export const expectSeeds = async ({ client, seeds }: Loaded): Promise<void> => {
  expect(await countSessions(client.redis, seeds), 'sessions of before').toBe(seeds)
}

/** How many of the sessions that `writeSessions` wrote one node has, whatever it is. */
export const countOnNode = async (
  { cluster, objects, namespace }: Pick<Suite, 'cluster' | 'objects' | 'namespace'>,
  pod: string,
  name: string,
  count: number,
): Promise<number> => {
  const { podIP } = (await objects.get('pod', pod, namespace))['status'] as { podIP: string }
  const secret = secretData(await objects.get('secret', `${name}-web`, namespace))
  const tunnel = await openTunnel(cluster, namespace, 'client', podIP, Number(secret['port']))
  const redis = redisThrough(tunnel, secret)
  try {
    return await countSessions(redis, count)
  } finally {
    redis.disconnect()
    await tunnel.close()
  }
}

export const unload = async (suite: Suite, name: string, { client, writer }: Loaded): Promise<void> => {
  await writer.stop()
  client.redis.disconnect()
  await client.close()
  await suite.objects.delete('sessionstore', name, suite.namespace)
  // Its pods take seconds to go, and each that goes is a change for kube-proxy: the next measurement should not wait behind those.
  const pods = ['pods', '-n', suite.namespace, '-l', `app.kubernetes.io/instance=${name}`]
  await suite.objects.run(['wait', '--for=delete', ...pods, '--timeout=90s'])
}

/**
 * Lets the writer warm up, and kube-proxy come to rest: it takes over one change a second, and the failure that is measured should not wait behind a replica
 * of the last one that has just become ready.
 */
export const rest = async ({ objects, namespace }: Suite, name: string, { writer }: Loaded): Promise<void> => {
  await objects.until('statefulset', name, namespace, 'ready', (set) => {
    const { spec, status } = set as unknown as { spec: { replicas: number }; status?: { readyReplicas?: number } }
    return status?.readyReplicas === spec.replicas
  })
  // A pod that goes is ready for the StatefulSet until it has gone.
  await waitUntil(
    'no pod goes',
    async () => {
      const pods = await objects.list('pods', namespace, '-l', `app.kubernetes.io/instance=${name}`)
      return pods.every(({ metadata }) => metadata.deletionTimestamp === undefined)
    },
    { timeoutMs: 60_000 },
  )
  await writer.untilWrites(writer.mark() + 3000)
}
