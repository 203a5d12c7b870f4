import { z } from 'zod'
import { pod } from './pod.ts'
import { tls, tlsStatus } from './tls.ts'
import { conditions, duration, label, quantity, rules, time } from './values.ts'

/** Eviction policies of Redis. Those beginning with `allkeys-` may log people out early. */
export const evictionPolicies = [
  'noeviction',
  'volatile-ttl',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
] as const

const engine = z
  .object({
    type: z.enum(['Redis', 'Valkey']).default('Redis').describe('The server to run.'),
    version: z
      .string()
      .max(10)
      .regex(/^[0-9]+\.[0-9]+$/)
      .optional()
      .describe("The line, such as `8.8`. Empty: the operator's default for the type, pinned in status."),
    image: z
      .string()
      .min(1)
      .max(512)
      .optional()
      .describe('Overrides the image that the operator knows for the line; it must have `sh` and `cp`.'),
  })
  .meta(
    rules(
      {
        rule: 'self.type == oldSelf.type',
        message: 'cannot change: make a new SessionStore and let the sessions expire on the old one',
        fieldPath: '.type',
      },
      {
        rule: '!has(self.image) || has(self.version)',
        message: 'say engine.version, such as "8.8", beside engine.image: commands and settings depend on it',
        fieldPath: '.image',
      },
    ),
  )
  .prefault({})

const topology = z
  .object({
    mode: z
      .enum(['Standalone', 'Replicated'])
      .default('Standalone')
      .describe(
        'Standalone: one Redis in one pod. Replicated: a primary and its replicas; the operator promotes a replica when the primary is lost.',
      ),
    replicas: z
      .int()
      .min(1)
      .max(5)
      .optional()
      .describe(
        'Beside the primary, with Replicated. Default 2. From 2 on a primary that nobody can reach stops acknowledging writes; with 1 it does not.',
      ),
  })
  .meta(
    rules(
      {
        rule: "!has(self.replicas) || self.mode == 'Replicated'",
        message: 'say mode: Replicated beside topology.replicas; a Standalone store has no replica',
        fieldPath: '.replicas',
      },
      {
        rule: "self.mode == oldSelf.mode || self.mode == 'Replicated'",
        message:
          'cannot go back to Standalone: the sessions may be in any of the pods. Set topology.replicas: 1, or make a new SessionStore',
        fieldPath: '.mode',
      },
    ),
  )
  .prefault({})

const memory = z
  .object({
    maxmemory: quantity().describe(
      "Redis' `maxmemory` in bytes. The container's limit is derived from it, with headroom.",
    ),
    evictionPolicy: z
      .enum(evictionPolicies)
      .default('volatile-ttl')
      .describe("Redis' `maxmemory-policy`. `volatile-ttl` drops the sessions that are nearest to their end."),
    acknowledgeSessionEviction: z
      .boolean()
      .optional()
      .describe('Must be true for an `allkeys-*` policy: people may be logged out before their session ends.'),
  })
  .meta(
    rules(
      {
        rule: "quantity(self.maxmemory).compareTo(quantity('4Mi')) >= 0",
        message: 'must be at least 4Mi: Redis itself needs about 1Mi',
        fieldPath: '.maxmemory',
      },
      {
        rule: "quantity(self.maxmemory).compareTo(quantity('1Ti')) <= 0",
        message: 'must be at most 1Ti',
        fieldPath: '.maxmemory',
      },
      {
        rule: "!self.evictionPolicy.startsWith('allkeys-') || (has(self.acknowledgeSessionEviction) && self.acknowledgeSessionEviction)",
        message:
          'an allkeys-* policy logs people out when memory is short: use volatile-ttl, or set acknowledgeSessionEviction: true',
        fieldPath: '.evictionPolicy',
      },
    ),
  )

const ttl = z
  .object({
    default: duration().default('24h').describe('Given to a session that its library left without a time to live.'),
    max: duration().optional().describe('No session keeps a longer time to live than this.'),
    enforcement: z
      .enum(['Disabled', 'Report', 'Enforce'])
      .default('Report')
      .describe(
        'Report tells of sessions with no time to live; Enforce also gives them one, and shortens those over `max`, by a paced sweep.',
      ),
  })
  .meta(
    rules(
      { rule: "duration(self.default) >= duration('1s')", message: 'must be at least 1s', fieldPath: '.default' },
      { rule: "duration(self.default) <= duration('8760h')", message: 'must be at most 8760h', fieldPath: '.default' },
      {
        rule: '!has(self.max) || duration(self.max) >= duration(self.default)',
        message: 'must not be shorter than ttl.default',
        fieldPath: '.max',
      },
    ),
  )
  .prefault({})

const sessions = z
  .object({
    client: z
      .enum(['express', 'rails-redis-store'])
      .describe('The preset: which commands the library needs, its key layout, and what a flush does not cover.'),
    keyPrefix: z
      .string()
      .min(1)
      .max(120)
      .regex(/^[A-Za-z0-9._-]+(:[A-Za-z0-9._-]+)*$/)
      .describe(
        "What every session's key begins with, without the colon that ends it. Clients can reach nothing else. Immutable.",
      ),
    ttl: ttl.describe('How long a session may live.'),
  })
  .meta(
    rules(
      {
        rule: 'self.keyPrefix == oldSelf.keyPrefix',
        message: "cannot change: the clients' rights are bound to it; make a new SessionStore instead",
        fieldPath: '.keyPrefix',
      },
      {
        rule: 'self.client == oldSelf.client',
        message: 'cannot change: the sessions that exist have the other layout; make a new SessionStore instead',
        fieldPath: '.client',
      },
    ),
  )

const labelSelector = z.object({
  matchLabels: z.record(z.string().max(317), z.string().max(63)).meta({ maxProperties: 32 }).optional(),
  matchExpressions: z
    .array(
      z.object({
        key: z.string().min(1).max(317),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(z.string().max(63)).max(32).optional(),
      }),
    )
    .max(16)
    .optional(),
})

const client = z.object({
  name: label(40).describe('Names the ACL user and, after the store, its Secret.'),
  from: z
    .array(
      z
        .object({
          podSelector: labelSelector.optional().describe('Pods that may connect. Empty selector: every pod.'),
          namespaceSelector: labelSelector.optional().describe("In which namespaces. Absent: the store's own."),
        })
        .meta(
          rules({
            rule: 'has(self.podSelector) || has(self.namespaceSelector)',
            message: 'say podSelector, namespaceSelector or both; `podSelector: {}` is every pod of this namespace',
          }),
        ),
    )
    .min(1)
    .max(16)
    .describe('Where it connects from; the NetworkPolicy admits these and nobody else.'),
  passwordSecret: z
    .object({
      name: z
        .string()
        .min(1)
        .max(253)
        .describe('A Secret of the same namespace. The operator reads it and never writes it.'),
      key: z
        .string()
        .regex(/^[-._a-zA-Z0-9]{1,253}$/)
        .default('password')
        .describe('The key that has the password: 8 to 512 printable ASCII characters without spaces.'),
    })
    .optional()
    .describe(
      'Brings a password of your own. Another value in it is a rotation: the other user gets it. Default: the operator makes passwords.',
    ),
  rotation: z
    .object({
      request: z
        .string()
        .min(1)
        .max(64)
        .optional()
        .describe('Any new value asks for a new password. The one that a client is made with asks for none.'),
      interval: duration()
        .optional()
        .describe('A new password this long after the last one. Default: only on request.'),
      force: z
        .string()
        .min(1)
        .max(64)
        .optional()
        .describe(
          'The value of `request` whose old password may go although it is still in use: that cuts who uses it.',
        ),
    })
    .meta(
      rules({
        rule: "!has(self.interval) || duration(self.interval) >= duration('10m')",
        message: 'must be at least 10m: applications must have time to read the new password',
        fieldPath: '.interval',
      }),
    )
    .prefault({})
    .describe('When its password changes. Redis is not restarted, and nobody is cut off unasked.'),
})

export const sessionStoreSpec = z.object({
  engine,
  topology: topology.describe('How many Redis processes keep the sessions.'),
  memory,
  sessions,
  clients: z
    .array(client)
    .min(1)
    .max(32)
    .meta({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      ...rules({
        rule: "self.all(c, !(c.name in ['acl', 'config', 'tls']))",
        message: 'the names acl, config and tls are taken by objects of the operator: choose another',
      }),
    })
    .describe('Who may connect: an ACL user, a Secret and an ingress rule each.'),
  ownCredentials: z
    .object({
      rotation: z
        .object({
          request: z
            .string()
            .min(1)
            .max(64)
            .optional()
            .describe('Any new value asks for new ones. The one that a store is made with asks for none.'),
        })
        .prefault({}),
    })
    .prefault({})
    .describe(
      "The passwords that are nobody's Secret: the operator's own, and that of replicas. Nothing is restarted and nobody is cut off but who had stolen one.",
    ),
  network: z
    .object({
      enforcement: z
        .enum(['Disabled', 'Enforce'])
        .default('Enforce')
        .describe('Enforce makes a NetworkPolicy that denies all but the declared clients and the operator.'),
    })
    .prefault({}),
  tls: tls.describe('Encryption of connections, those between replicas included.'),
  persistence: z
    .object({
      mode: z
        .enum(['None', 'AppendOnly'])
        .default('None')
        .describe(
          'AppendOnly keeps an append-only file on an emptyDir: sessions survive a crash of Redis, not the loss of the pod.',
        ),
    })
    .prefault({}),
  maintenance: z
    .object({
      paused: z
        .boolean()
        .default(false)
        .describe('Leave everything as it is. Flushes still run, and a lost primary is still replaced.'),
    })
    .prefault({}),
  pod,
  deletionPolicy: z
    .enum(['Delete', 'Retain'])
    .default('Delete')
    .describe("Retain leaves the clients' Secrets behind when the SessionStore is deleted."),
})
/** What a person asked for, with every default filled in. */
export type SessionStoreSpec = z.infer<typeof sessionStoreSpec>

const primary = z
  .object({
    term: z
      .int()
      .meta({ format: 'int64' })
      .describe('Counts changes of the primary. Written before a node is promoted, so that no two are for one term.'),
    target: z.string().describe('The pod that is to be the primary of this term.'),
    current: z
      .string()
      .optional()
      .describe('The pod that is the primary. Differs from target while a change is under way.'),
    pod: z.string().describe('UID of the target.'),
    runId: z.string().describe('Its process.'),
    replicationId: z.string().optional().describe('The history of writes that began with this term.'),
    earlierReplicationId: z.string().optional().describe('The history of the term before, where this one began.'),
    bounded: z
      .boolean()
      .optional()
      .describe('The primary acknowledges writes only while a replica answers: when nobody can reach it, it stops.'),
    change: z
      .object({
        cause: z.string(),
        planned: z.boolean(),
        at: time(),
        from: z.string().optional(),
        basis: z
          .string()
          .describe('What the new primary is chosen by: Replica, EarlierHistory, Disk, Empty, First or Handover.'),
        knownOffset: z
          .int()
          .meta({ format: 'int64' })
          .optional()
          .describe('How far the primary before was known to be, in bytes of its history.'),
        offset: z.int().meta({ format: 'int64' }).describe('How far the new primary was.'),
        mayBeLostBytes: z.int().meta({ format: 'int64' }),
        mayBeLostSeconds: z.number().describe('What was acknowledged in so many seconds before may be lost.'),
      })
      .describe('How this term began.'),
    recorded: z.int().meta({ format: 'int64' }).optional().describe('The last term that is in an AuditRecord.'),
  })
  .describe('Who the primary of a Replicated store is.')
export type PrimaryStatus = Readonly<z.infer<typeof primary>>

export const sessionStoreStatus = z.object({
  observedGeneration: z.int().optional(),
  conditions: conditions().optional(),
  engine: z
    .object({
      type: z.string(),
      version: z.string(),
      image: z.string().describe('Pinned: an upgrade of the operator moves no pod.'),
    })
    .optional(),
  nodes: z
    .array(
      z.object({
        name: z.string(),
        role: z.enum(['primary', 'replica']),
        runId: z.string().describe('Changes with each start of the process.'),
        version: z.string(),
        usedMemoryBytes: z.int().meta({ format: 'int64' }),
        pod: z.string().optional().describe('UID of the pod.'),
        address: z.string().optional().describe('Address of the pod.'),
        synced: z.boolean().optional().describe('A replica that has the whole data and follows the primary.'),
        certificate: z.string().optional().describe('Serial number of the certificate that it shows, hex.'),
        appendOnlyFile: z.boolean().optional().describe('Its disk may hold an append-only file, of now or of before.'),
      }),
    )
    .max(64)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional(),
  primary: primary.optional(),
  unaccounted: z
    .array(
      z.object({
        pod: z.string().describe('UID of the pod.'),
        name: z.string(),
        address: z.string(),
        runId: z.string(),
        since: time(),
      }),
    )
    .max(64)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['pod'] })
    .optional()
    .describe(
      'Redis processes whose pods are gone from the API server, by force, without proof that they ended: they may still run and hold sessions.',
    ),
  credentials: z
    .array(
      z.object({
        client: z.string(),
        user: z.string().describe("The ACL user that the client's Secret names."),
        since: time(),
        request: z.string().optional().describe('The last `rotation.request` that was carried out.'),
        rotations: z.int().describe('How many there were.'),
        retiring: z
          .string()
          .optional()
          .describe('The ACL user of before, for applications that have not read the new Secret.'),
      }),
    )
    .max(32)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['client'] })
    .optional()
    .describe('Which password each client has, by its user; never the password.'),
  ownCredentials: z
    .object({
      generation: z.int().describe('Counts rotations on request.'),
      key: z.string().describe('Tells which master key they are derived from.'),
      request: z.string().optional().describe('The last `ownCredentials.rotation.request` that was taken up.'),
      changing: z.boolean().optional().describe('Those of before are still let in by a node.'),
    })
    .optional()
    .describe("The operator's own password and that of replicas; never a password."),
  tls: tlsStatus.optional().describe('The certificate; absent without TLS.'),
  endpoints: z
    .object({ primary: z.string(), replicas: z.string().optional().describe('For reads that may be a moment old.') })
    .optional(),
  binding: z.object({ name: z.string() }).optional().describe('servicebinding.io: the Secret of the first client.'),
  sessions: z
    .object({
      live: z.int().meta({ format: 'int64' }).describe('Keys in the database.'),
      immortal: z.int().meta({ format: 'int64' }).describe('Keys with no time to live.'),
      correctedTotal: z.int().meta({ format: 'int64' }).describe('Times to live that the sweep has set or shortened.'),
      observedAt: time().describe('When these numbers last changed.'),
    })
    .optional(),
  confined: z
    .object({
      value: z.boolean().describe('Every user this data ever had could reach the key prefix alone: FLUSHDB is exact.'),
      reason: z.string(),
    })
    .optional(),
  revocation: z
    .object({
      flush: z.string().describe('UID of the FlushSessions.'),
      replicationId: z.string(),
      earlierReplicationId: z.string().optional(),
      offset: z.int().meta({ format: 'int64' }),
      unacknowledged: z
        .array(z.string())
        .max(64)
        .optional()
        .describe('UIDs of pods that have not acknowledged it: what they read from a file is not to be trusted.'),
    })
    .optional()
    .describe(
      "Where the last deletion of a flush lies in the store's history: a node that has not come so far holds ended sessions, and is emptied before it is promoted.",
    ),
  lastFlush: z.string().optional().describe('UID of the FlushSessions that was counted last.'),
  flushEpoch: z.int().meta({ format: 'int64' }).optional().describe('How many flushes have completed.'),
  audit: z
    .object({ sequence: z.int().meta({ format: 'int64' }), head: z.string() })
    .optional()
    .describe('The newest AuditRecord of this store: its place in the chain and its hash.'),
})
export type TlsStatus = NonNullable<SessionStoreStatus['tls']>
export type OwnCredentialStatus = NonNullable<SessionStoreStatus['ownCredentials']>
export type CredentialStatus = NonNullable<SessionStoreStatus['credentials']>[number]
export type SessionStoreStatus = Readonly<z.infer<typeof sessionStoreStatus>>
