import type { SessionStoreSpec } from '../../src/api/session-store.ts'
import { engines } from '../e2e/fixtures.ts'

/** A spec as a person writes it. */
export type WrittenSpec = Readonly<Record<string, unknown>> & {
  readonly topology?: { readonly mode?: string; readonly replicas?: number }
  readonly tls?: { readonly mode?: string }
}

/** A change of a spec; each has a number of its own where any new value would do. */
export interface Edit {
  readonly name: string
  readonly change: (spec: WrittenSpec, number: number) => WrittenSpec
}

const isReplicated = ({ topology }: WrittenSpec): boolean => topology?.mode === 'Replicated'
const hasTls = ({ tls }: WrittenSpec): boolean => tls?.mode === 'Managed'

const merge = (spec: WrittenSpec, part: Readonly<Record<string, unknown>>): WrittenSpec => ({ ...spec, ...part })

const inside = (spec: WrittenSpec, field: keyof SessionStoreSpec, part: object): WrittenSpec =>
  merge(spec, { [field]: { ...(spec[field] as object | undefined), ...part } })

const client = (name: string, more: object = {}) => ({
  name,
  from: [{ podSelector: { matchLabels: { app: 'web' } } }],
  ...more,
})

/** Edits that hold, each of which leaves every session where it is. */
export const validEdits: readonly Edit[] = [
  ...['32Mi', '64Mi', '128Mi'].map((maxmemory) => ({
    name: `maxmemory ${maxmemory}`,
    change: (spec: WrittenSpec) => inside(spec, 'memory', { maxmemory }),
  })),
  ...['noeviction', 'volatile-lru', 'volatile-ttl'].map((evictionPolicy) => ({
    name: `eviction ${evictionPolicy}`,
    change: (spec: WrittenSpec) => inside(spec, 'memory', { evictionPolicy }),
  })),
  ...['None', 'AppendOnly'].map((mode) => ({
    name: `persistence ${mode}`,
    change: (spec: WrittenSpec) => merge(spec, { persistence: { mode } }),
  })),
  ...['Disabled', 'Report', 'Enforce'].map((enforcement) => ({
    name: `TTL ${enforcement}`,
    change: (spec: WrittenSpec) =>
      inside(spec, 'sessions', { ttl: { default: '2h', max: '12h', exempt: ['lock:*'], enforcement } }),
  })),
  ...['Disabled', 'Audit', 'Enforce'].map((enforcement) => ({
    name: `network ${enforcement}`,
    change: (spec: WrittenSpec) => merge(spec, { network: { enforcement } }),
  })),
  { name: 'another client', change: (spec) => merge(spec, { clients: [client('web'), client('extra')] }) },
  { name: 'no other client', change: (spec) => merge(spec, { clients: [client('web')] }) },
  {
    name: 'a new password',
    change: (spec, number) =>
      merge(spec, { clients: [client('web', { rotation: { request: `n${number}`, force: `n${number}` } })] }),
  },
  {
    name: "the operator's own password",
    change: (spec, number) => merge(spec, { ownCredentials: { rotation: { request: `n${number}` } } }),
  },
  ...[1, 2].map((replicas) => ({
    name: `${replicas} replicas`,
    change: (spec: WrittenSpec) => merge(spec, { topology: { mode: 'Replicated', replicas } }),
  })),
  {
    name: 'a pod label',
    change: (spec, number) => (isReplicated(spec) ? inside(spec, 'pod', { labels: { edit: `n${number}` } }) : spec),
  },
  {
    name: 'TLS',
    // A Standalone store would wait for a person, who has to end every session.
    change: (spec) => (isReplicated(spec) ? merge(spec, { tls: { mode: 'Managed', plaintext: 'Allow' } }) : spec),
  },
  {
    name: 'a new certificate',
    change: (spec, number) => (hasTls(spec) ? inside(spec, 'tls', { renewal: { request: `n${number}` } }) : spec),
  },
  { name: 'TLS alone', change: (spec) => (hasTls(spec) ? inside(spec, 'tls', { plaintext: 'Deny' }) : spec) },
  { name: 'Retain', change: (spec) => merge(spec, { deletionPolicy: 'Retain' }) },
]

/** Edits that the API server refuses, and what it says. */
export const refusedEdits: readonly (Edit & { readonly says: RegExp })[] = [
  { name: '1Mi', change: (spec) => inside(spec, 'memory', { maxmemory: '1Mi' }), says: /must be at least 4Mi/ },
  { name: 'not a quantity', change: (spec) => inside(spec, 'memory', { maxmemory: 'lots' }), says: /maxmemory/ },
  {
    name: 'allkeys-lru',
    change: (spec) => inside(spec, 'memory', { evictionPolicy: 'allkeys-lru' }),
    says: /acknowledgeSessionEviction/,
  },
  {
    name: 'another prefix',
    change: (spec) => inside(spec, 'sessions', { keyPrefix: 'other' }),
    says: /make a new SessionStore/,
  },
  {
    name: 'a maximum below the default',
    change: (spec) => inside(spec, 'sessions', { ttl: { default: '2h', max: '1h' } }),
    says: /must not be shorter/,
  },
  { name: 'no clients', change: (spec) => merge(spec, { clients: [] }), says: /clients/ },
  {
    name: 'a client named acl',
    change: (spec) => merge(spec, { clients: [client('web'), client('acl')] }),
    says: /taken/,
  },
  {
    name: 'nine replicas',
    change: (spec) => merge(spec, { topology: { mode: 'Replicated', replicas: 9 } }),
    says: /replicas/,
  },
  {
    name: 'TLS by a Secret that is not named',
    change: (spec) => merge(spec, { tls: { mode: 'Secret' } }),
    says: /tls.secret.name/,
  },
]

/** Edits that the API server cannot see through, by the condition that says what is wrong. What runs goes on. One that gives back the very spec is none. */
export const unworkableEdits: readonly (Edit & { readonly condition: string; readonly reason: string })[] = [
  {
    name: 'a version that nobody knows',
    change: (spec) => inside(spec, 'engine', { version: '9.9' }),
    condition: 'EngineSupported',
    reason: 'UnknownVersion',
  },
  {
    name: 'an engine that cannot read the sessions',
    // A Standalone store takes every engine, with a restart that a person has to ask for.
    change: (spec) => (isReplicated(spec) ? inside(spec, 'engine', { type: 'Valkey', version: engines.Valkey }) : spec),
    condition: 'EngineSupported',
    reason: 'FormatNotReadable',
  },
  {
    name: 'a password of a Secret that is not there',
    change: (spec) => merge(spec, { clients: [client('web', { passwordSecret: { name: 'nowhere' } })] }),
    condition: 'CredentialsCurrent',
    reason: 'PasswordSecretUnusable',
  },
  {
    name: 'a certificate of a Secret that is not there',
    change: (spec) => merge(spec, { tls: { mode: 'Secret', secret: { name: 'nowhere' } } }),
    condition: 'CertificateCurrent',
    reason: 'CertificateUnusable',
  },
  {
    name: 'an affinity that is none',
    change: (spec) =>
      inside(spec, 'pod', {
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: 'nowhere' } },
      }),
    condition: 'Degraded',
    reason: 'Rejected',
  },
]
