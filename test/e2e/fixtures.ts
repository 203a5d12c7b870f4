import { Redis } from 'ioredis'
import type { Cluster } from '../cluster/cluster.ts'
import type { Encryption } from './load/messages.ts'
import { readAll } from './load/read-all.ts'
import { isCurrent, isTrue, secretData, type KubeObject, type Objects } from './objects.ts'
import { openTunnel, type Tunnel } from './tunnel.ts'

export const apiVersion = 'sessionstore.dev/v1alpha1'

/** Where the tests install the operator, under the chart's own name. */
export const operatorNamespace = 'session-store-system'

/** Versions of the engines that the test images have: Debian's. */
export const engines = { Redis: '8.0', Valkey: '9.1' } as const
export const redisImage = 'docker.io/library/redis:8.0'

export interface StoreOptions {
  readonly engine?: keyof typeof engines
  readonly spec?: Readonly<Record<string, unknown>>
}

/** The manifest of a store with one client, `web`, for pods with the label `app: web`. */
export const store = (
  namespace: string,
  name: string,
  { engine = 'Redis', spec = {} }: StoreOptions = {},
): KubeObject => ({
  apiVersion,
  kind: 'SessionStore',
  metadata: { name, namespace },
  spec: {
    // Debian's, which has fixes that its number does not show.
    engine: { type: engine, version: engines[engine], fixesBackported: true },
    memory: { maxmemory: '64Mi' },
    sessions: { client: 'express', keyPrefix: 'shop:session' },
    clients: [{ name: 'web', from: [{ podSelector: { matchLabels: { app: 'web' } } }] }],
    ...spec,
  },
})

export interface FlushOptions {
  readonly drain?: string
  readonly spec?: Readonly<Record<string, unknown>>
}

export const flush = (
  namespace: string,
  name: string,
  storeName: string,
  { drain = '2s', spec = {} }: FlushOptions = {},
): KubeObject => ({
  apiVersion,
  kind: 'FlushSessions',
  metadata: { name, namespace },
  spec: {
    storeRef: { name: storeName },
    scope: { all: {} },
    reason: 'A test',
    reference: 'TEST-1',
    limits: { drain, maxFence: '5m' },
    ...spec,
  },
})

/** A pod that does nothing but lend its network, its name and its labels. */
export const clientPod = (namespace: string, name: string, labels: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels },
  spec: {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    securityContext: { runAsNonRoot: true, runAsUser: 999, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'main',
        image: redisImage,
        command: ['sleep', 'infinity'],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
})

/** A namespace that admits restricted pods only. */
export const restrictedNamespace = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name,
    labels: {
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/enforce-version': 'latest',
    },
  },
})

export const isReady = (object: KubeObject): boolean => isCurrent(object) && isTrue(object, 'Ready')

export const untilReady = (
  objects: Objects,
  namespace: string,
  name: string,
  timeoutMs = 60_000,
): Promise<KubeObject> => objects.until('sessionstore', name, namespace, 'Ready', isReady, timeoutMs)

/** No pod is admitted before it is there; its controller may be behind when the API server was away. */
export const untilServiceAccount = async (objects: Objects, namespace: string): Promise<void> => {
  await objects.until('serviceaccount', 'default', namespace, 'there', () => true, 30_000)
}

export const untilRunning = (objects: Objects, namespace: string, name: string): Promise<KubeObject> =>
  objects.until(
    'pod',
    name,
    namespace,
    'running',
    (pod) => (pod['status'] as { phase?: string } | undefined)?.phase === 'Running',
  )

export interface StoreClient {
  readonly redis: Redis
  close(): Promise<void>
}

/** Connects as a declared client does, from inside a client pod, by the Secret's own words. */
export const connectClient = async (
  cluster: Cluster,
  objects: Objects,
  namespace: string,
  storeName: string,
  options: { readonly pod?: string; readonly client?: string } = {},
): Promise<StoreClient> => {
  const { pod = 'client', client = 'web' } = options
  const secret = secretData(await objects.get('secret', `${storeName}-${client}`, namespace))
  const service = await objects.get('service', storeName, namespace)
  const { clusterIP } = service['spec'] as { clusterIP: string }
  const tunnel = await openTunnel(cluster, namespace, pod, clusterIP, Number(secret['port']))
  return { redis: redisThrough(tunnel, secret), close: () => tunnel.close() }
}

/** How a client encrypts, by its Secret's own words: it checks who the other side is. */
export const encryptionOf = (secret: Readonly<Record<string, string>>): Encryption => {
  const { host = '', 'ca.crt': ca, 'tls.crt': cert, 'tls.key': key } = secret
  if (ca === undefined) return {}
  return { tls: { ca, servername: host, ...(cert === undefined || key === undefined ? {} : { cert, key }) } }
}

/** A Redis client of ordinary settings; it connects again when it is cut, as an application's does. */
export const redisThrough = (tunnel: Tunnel, login: Readonly<Record<string, string>>): Redis => {
  const redis = new Redis({
    path: tunnel.path,
    ...(login['username'] === undefined ? {} : { username: login['username'] }),
    ...(login['password'] === undefined ? {} : { password: login['password'] }),
    ...encryptionOf(login),
    enableReadyCheck: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 20,
    retryStrategy: () => 50,
  })
  redis.on('error', () => undefined)
  return redis
}

/** Writes sessions as connect-redis does; resolves when all are acknowledged. */
export const writeSessions = async (redis: Redis, count: number, prefix = 'shop:session', from = 0): Promise<void> => {
  const batch = 1000
  for (let start = from; start < from + count; start += batch) {
    const pipeline = redis.pipeline()
    for (let index = start; index < Math.min(start + batch, from + count); index += 1) {
      pipeline.set(`${prefix}:${index}`, `{"cookie":{},"user":"user-${index}"}`, 'EX', 3600)
    }
    const results = (await pipeline.exec()) ?? []
    const failed = results.find(([error]) => error)
    if (failed?.[0]) throw failed[0]
  }
}

/** How many of the sessions that `writeSessions` wrote are there. */
export const countSessions = async (
  redis: Redis,
  count: number,
  prefix = 'shop:session',
  from = 0,
): Promise<number> => {
  const keys = Array.from({ length: count }, (_, index) => `${prefix}:${from + index}`)
  return (await readAll(redis, keys)).filter((value) => value !== null).length
}
