import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApiServer, type ApiServer } from '../api-server.ts'
import { waitUntil } from '../../cluster/wait-until.ts'

type Json = Readonly<Record<string, unknown>>

const run = promisify(execFile)
let server: ApiServer

/** What kubectl says of a manifest: the words of the API server, or undefined when it is accepted. Nothing is stored. */
const refusal = async (manifest: Json, verb: 'create' | 'replace' = 'create'): Promise<string | undefined> => {
  const child = run(server.kubectl, ['--kubeconfig', server.kubeconfig, verb, '--dry-run=server', '-f', '-'])
  child.child.stdin?.end(JSON.stringify(manifest))
  try {
    await child
    return undefined
  } catch (error) {
    return (error as { stderr: string }).stderr
  }
}

const kubectl = async (...args: readonly string[]) =>
  (await run(server.kubectl, ['--kubeconfig', server.kubeconfig, ...args])).stdout

const client = { name: 'web', from: [{ podSelector: { matchLabels: { app: 'web' } } }] }
const storeSpec = {
  memory: { maxmemory: '64Mi' },
  sessions: { client: 'express', keyPrefix: 'shop:session' },
  clients: [client],
}
const store = (spec: Json, metadata: Json = {}) => ({
  apiVersion: 'sessionstore.dev/v1alpha1',
  kind: 'SessionStore',
  metadata: { name: 'web', namespace: 'default', ...metadata },
  spec: { ...storeSpec, ...spec },
})
const flushSpec = { storeRef: { name: 'web' }, scope: { all: {} }, reason: 'A test' }
const flush = (spec: Json, metadata: Json = {}) => ({
  apiVersion: 'sessionstore.dev/v1alpha1',
  kind: 'FlushSessions',
  metadata: { name: 'one', namespace: 'default', ...metadata },
  spec: { ...flushSpec, ...spec },
})
const memory = (value: Json) => store({ memory: { maxmemory: '64Mi', ...value } })
const sessions = (value: Json) => store({ sessions: { ...storeSpec.sessions, ...value } })
const ttl = (value: Json) => sessions({ ttl: value })
const clients = (...value: readonly unknown[]) => store({ clients: value })

beforeAll(async () => {
  server = await startApiServer()
  await kubectl('apply', '-f', 'crds')
  await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s')
  await waitUntil('the kinds are served', async () => (await refusal(store({}))) === undefined, { timeoutMs: 20_000 })
})

afterAll(async () => await server.stop())

test('the manifests that the refused ones are made from are accepted', async () => {
  expect(await refusal(store({}))).toBeUndefined()
  expect(await refusal(flush({}))).toBeUndefined()
})

const refused: readonly (readonly [string, Json, string])[] = [
  ['no memory', store({ memory: undefined }), 'spec.memory'],
  ['no sessions', store({ sessions: undefined }), 'spec.sessions'],
  ['no clients', store({ clients: undefined }), 'spec.clients'],
  ['an empty list of clients', clients(), 'spec.clients'],
  ['a kind of engine that is not served', store({ engine: { type: 'KeyDB' } }), 'spec.engine.type'],
  ['an engine version with a patch number', store({ engine: { version: '8.8.3' } }), 'spec.engine.version'],
  ['an engine version that is a number', store({ engine: { version: 8.8 } }), 'spec.engine.version'],
  ['an image without a version', store({ engine: { image: 'redis:8' } }), 'spec.engine.image'],
  ['an empty image', store({ engine: { version: '8.8', image: '' } }), 'spec.engine.image'],
  ['a topology that is not served yet', store({ topology: { mode: 'Cluster' } }), 'spec.topology.mode'],
  ['no maxmemory', store({ memory: {} }), 'spec.memory.maxmemory'],
  ['maxmemory of nothing', memory({ maxmemory: '0' }), 'spec.memory.maxmemory'],
  ['negative maxmemory', memory({ maxmemory: '-64Mi' }), 'spec.memory.maxmemory'],
  ['maxmemory with a fraction', memory({ maxmemory: '1.5Gi' }), 'spec.memory.maxmemory'],
  ['maxmemory in words', memory({ maxmemory: 'plenty' }), 'spec.memory.maxmemory'],
  ['maxmemory as a number', memory({ maxmemory: 64 }), 'spec.memory.maxmemory'],
  ['maxmemory too small for Redis', memory({ maxmemory: '1Mi' }), 'spec.memory.maxmemory'],
  ['maxmemory beyond any machine', memory({ maxmemory: '2Ti' }), 'spec.memory.maxmemory'],
  ['an eviction policy that is none', memory({ evictionPolicy: 'oldest' }), 'spec.memory.evictionPolicy'],
  [
    'an eviction policy that logs people out, unacknowledged',
    memory({ evictionPolicy: 'allkeys-lru' }),
    'spec.memory.evictionPolicy',
  ],
  ['a preset that does not exist', sessions({ client: 'cobol' }), 'spec.sessions.client'],
  ['no key prefix', sessions({ keyPrefix: undefined }), 'spec.sessions.keyPrefix'],
  ['an empty key prefix', sessions({ keyPrefix: '' }), 'spec.sessions.keyPrefix'],
  ['a key prefix that is a pattern', sessions({ keyPrefix: 'shop:*' }), 'spec.sessions.keyPrefix'],
  ['a key prefix with a space, that would end an ACL rule', sessions({ keyPrefix: 'a ~*' }), 'spec.sessions.keyPrefix'],
  ['a key prefix with a line break', sessions({ keyPrefix: 'a\nuser x on' }), 'spec.sessions.keyPrefix'],
  ['a key prefix that ends in a colon', sessions({ keyPrefix: 'shop:' }), 'spec.sessions.keyPrefix'],
  ['a key prefix that is too long', sessions({ keyPrefix: 'a'.repeat(121) }), 'spec.sessions.keyPrefix'],
  ['a time to live in days', ttl({ default: '1d' }), 'spec.sessions.ttl.default'],
  ['a time to live of nothing', ttl({ default: '0s' }), 'spec.sessions.ttl.default'],
  ['a time to live beyond a year', ttl({ default: '9000h' }), 'spec.sessions.ttl.default'],
  ['a maximum shorter than the default', ttl({ default: '2h', max: '1h' }), 'spec.sessions.ttl.max'],
  ["a client of one's own that says no commands", sessions({ client: 'Custom' }), 'spec.sessions.custom'],
  ['commands for a preset', sessions({ custom: { commands: ['get'] } }), 'spec.sessions.custom'],
  [
    'a command that shows keys of others',
    sessions({ client: 'Custom', custom: { commands: ['keys'] } }),
    'spec.sessions.custom.commands[0]',
  ],
  ['an absolute lifetime of a second', ttl({ absolute: '1s' }), 'spec.sessions.ttl.absolute'],
  [
    'an absolute lifetime of sessions that do not say when they began',
    ttl({ absolute: '1h' }),
    'spec.sessions.ttl.absolute',
  ],
  ['a pattern that is none', ttl({ exempt: ['a b'] }), 'spec.sessions.ttl.exempt[0]'],
  ['an enforcement that is none', ttl({ enforcement: 'Maybe' }), 'spec.sessions.ttl.enforcement'],
  ['a client named like the Secret of certificates', clients({ ...client, name: 'tls' }), 'spec.clients'],
  [
    'a password out of another namespace',
    clients({ ...client, passwordSecret: { name: '../../kube-system/secrets/any' } }),
    'spec.clients[0].passwordSecret.name',
  ],
  [
    'a certificate out of another namespace',
    store({ tls: { mode: 'Secret', secret: { name: 'other/certificate' } } }),
    'spec.tls.secret.name',
  ],
  ['a certificate of a Secret that is not named', store({ tls: { mode: 'Secret' } }), 'spec.tls.secret'],
  ['a Secret that nobody reads', store({ tls: { mode: 'Managed', secret: { name: 'a' } } }), 'spec.tls.secret'],
  [
    'an overlap longer than a certificate lives',
    store({ tls: { mode: 'Managed', renewal: { lifetime: '1h', overlap: '2h' } } }),
    'spec.tls.renewal.overlap',
  ],
  [
    'a certificate for a minute',
    store({ tls: { mode: 'Managed', renewal: { lifetime: '1m', overlap: '1m' } } }),
    'spec.tls.renewal.lifetime',
  ],
  ['enforcement Off, which YAML takes for false', ttl({ enforcement: false }), 'spec.sessions.ttl.enforcement'],
  ['two clients of one name', clients(client, client), 'spec.clients[1]'],
  ['a client named like an object of ours', clients({ ...client, name: 'acl' }), 'spec.clients'],
  ['a client whose name is no label', clients({ ...client, name: 'Web App' }), 'spec.clients[0].name'],
  ['a client whose name is too long', clients({ ...client, name: 'a'.repeat(41) }), 'spec.clients[0].name'],
  ['a client from nowhere', clients({ name: 'web', from: [] }), 'spec.clients[0].from'],
  ['a client from an empty peer', clients({ name: 'web', from: [{}] }), 'spec.clients[0].from[0]'],
  ['a client without a name', clients({ from: client.from }), 'spec.clients[0].name'],
  ['a network enforcement that there is not', store({ network: { enforcement: 'Warn' } }), 'spec.network.enforcement'],
  ['a persistence that is none', store({ persistence: { mode: 'Sometimes' } }), 'spec.persistence.mode'],
  [
    'a claim with nothing to write to it',
    store({ persistence: { claim: {} } }),
    'spec.persistence.claim: Invalid value: say mode: AppendOnly or Snapshot',
  ],
  [
    'an interval of append-only files',
    store({ persistence: { mode: 'AppendOnly', snapshotInterval: '1m' } }),
    'spec.persistence.snapshotInterval',
  ],
  [
    'a snapshot each second',
    store({ persistence: { mode: 'Snapshot', snapshotInterval: '1s' } }),
    'spec.persistence.snapshotInterval',
  ],
  [
    'a claim of no size',
    store({ persistence: { mode: 'AppendOnly', claim: { size: '0' } } }),
    'spec.persistence.claim.size',
  ],
  [
    'a claim that holds no more than the sessions',
    store({ persistence: { mode: 'AppendOnly', claim: { size: '100Mi' } } }),
    'spec.persistence.claim.size: Invalid value: must be at least twice',
  ],
  [
    'a storage class in words',
    store({ persistence: { mode: 'AppendOnly', claim: { storageClassName: 'the fast one' } } }),
    'spec.persistence.claim.storageClassName',
  ],
  ['a deletion policy that is none', store({ deletionPolicy: 'Forget' }), 'spec.deletionPolicy'],
  ['paused in words', store({ maintenance: { paused: 'yes' } }), 'spec.maintenance.paused'],
  ['a CPU request in words', store({ pod: { resources: { cpuRequest: 'half' } } }), 'spec.pod.resources.cpuRequest'],
  ['a field that does not exist', store({ replicas: 3 }), 'spec.replicas'],
  ['a store name that is too long for a pod label', store({}, { name: 'a'.repeat(53) }), 'metadata.name'],
  ['a store name with a dot', store({}, { name: 'web.shop' }), 'metadata.name'],
  ['a flush of no store', flush({ storeRef: undefined }), 'spec.storeRef'],
  [
    'a flush of a store in another namespace',
    flush({ storeRef: { name: 'web', namespace: 'other' } }),
    'spec.storeRef.namespace',
  ],
  ['a flush of a store by a path', flush({ storeRef: { name: 'other/web' } }), 'spec.storeRef.name'],
  ['a flush without a scope', flush({ scope: undefined }), 'spec.scope'],
  ['a flush with an empty scope', flush({ scope: {} }), 'spec.scope'],
  ['a flush with two scopes', flush({ scope: { all: {}, keyPattern: 'shop:*' } }), 'spec.scope'],
  ['a flush of a pattern without an end', flush({ scope: { keyPattern: 'shop:admin' } }), 'spec.scope.keyPattern'],
  ['a flush of a pattern with a class', flush({ scope: { keyPattern: 'shop:[ab]*' } }), 'spec.scope.keyPattern'],
  ['a flush of nobody', flush({ scope: { principals: {} } }), 'spec.scope.principals'],
  [
    'a flush of people in two places',
    flush({ scope: { principals: { values: ['ann'], secretRef: { name: 'people' } } } }),
    'spec.scope.principals',
  ],
  ['a flush of ids in the open', flush({ scope: { sessionIds: { values: ['a'] } } }), 'spec.scope.sessionIds'],
  [
    'a flush of sessions of a time that is none',
    flush({ scope: { createdBefore: 'noon' } }),
    'spec.scope.createdBefore',
  ],
  ['a flush with a guarantee that there is not', flush({ guarantee: 'Hoped' }), 'spec.guarantee'],
  ['a flush without a reason', flush({ reason: undefined }), 'spec.reason'],
  ['a flush with a reason of blanks', flush({ reason: '   ' }), 'spec.reason'],
  [
    'a flush that drains longer than it may fence',
    flush({ limits: { drain: '5m', maxFence: '1m' } }),
    'spec.limits.maxFence',
  ],
  ['a flush that drains for hours', flush({ limits: { drain: '2h', maxFence: '3h' } }), 'spec.limits.drain'],
  ['a flush with a drain in words', flush({ limits: { drain: 'soon' } }), 'spec.limits.drain'],
  [
    'a flush that does something else when its time is over',
    flush({ limits: { onFenceTimeout: 'Panic' } }),
    'spec.limits.onFenceTimeout',
  ],
  ['a flush whose name is too long for a label', flush({}, { name: 'a'.repeat(64) }), 'metadata.name'],
]

test.each(refused)('%s is refused, and the message names the field', async (_name, manifest, field) => {
  expect(await refusal(manifest)).toContain(field)
})

const changed: readonly (readonly [string, Json, string])[] = [
  ['another key prefix', sessions({ keyPrefix: 'other' }), 'spec.sessions.keyPrefix'],
  ['another preset', sessions({ client: 'rails-redis-store' }), 'spec.sessions.client'],
]

test.each(changed)(
  '%s for a store that exists is refused, and the message names the field',
  async (_name, manifest, field) => {
    const [kind, name] = ['sessionstore', 'web']
    if ((await kubectl('get', kind, '--ignore-not-found')) === '') {
      const child = run(server.kubectl, ['--kubeconfig', server.kubeconfig, 'create', '-f', '-'])
      child.child.stdin?.end(JSON.stringify(store({})))
      await child
    }
    const current = JSON.parse(await kubectl('get', kind, name, '-o', 'json')) as { metadata: Json }
    expect(await refusal({ ...manifest, metadata: current.metadata }, 'replace')).toContain(field)
  },
)

test('a flush cannot be changed, only aborted, and that once', async () => {
  const child = run(server.kubectl, ['--kubeconfig', server.kubeconfig, 'create', '-f', '-'])
  child.child.stdin?.end(JSON.stringify(flush({}, { name: 'fixed' })))
  await child
  const patch = async (spec: Json) => {
    try {
      await kubectl('patch', 'flush', 'fixed', '--type=merge', '-p', JSON.stringify({ spec }))
      return undefined
    } catch (error) {
      return (error as { stderr: string }).stderr
    }
  }
  expect(await patch({ reason: 'Another' })).toContain('spec.reason')
  expect(await patch({ limits: { drain: '1s' } })).toContain('spec.limits')
  expect(await patch({ requestedBy: { username: 'mallory' } })).toContain('spec.requestedBy')
  expect(await patch({ abort: { reason: 'A mistake' } })).toBeUndefined()
  expect(await patch({ abort: { reason: 'Another' } })).toContain('spec.abort')
})
