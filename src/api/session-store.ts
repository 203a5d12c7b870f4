import { z } from 'zod'
import { pod } from './pod.ts'
import { tls } from './tls.ts'
import { duration, label, objectName, quantity, rules } from './values.ts'

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
      name: objectName().describe('A Secret of the same namespace. The operator reads it and never writes it.'),
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
