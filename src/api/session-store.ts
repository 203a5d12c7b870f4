import { z } from 'zod'
import { clients } from './clients.ts'
import { persistence } from './persistence.ts'
import { pod } from './pod.ts'
import { sessions } from './sessions.ts'
import { tls } from './tls.ts'
import { duration, quantity, rules } from './values.ts'

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
    type: z
      .enum(['Redis', 'Valkey'])
      .default('Redis')
      .describe(
        'The server to run. It can change where the new one reads what the old one has written; else the store says so and stays as it is.',
      ),
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
      .describe(
        'Overrides the image that the operator knows for the line; it must have a shell and the usual tools (`cp`, `grep`, `sed`, `rm`).',
      ),
    fixesBackported: z
      .boolean()
      .optional()
      .describe(
        'The image has the fixes that its version number seems to lack, as distributions build it: EngineSupported is True all the same.',
      ),
  })
  .meta(
    rules({
      rule: '!has(self.image) || has(self.version)',
      message: 'say engine.version, such as "8.8", beside engine.image: commands and settings depend on it',
      fieldPath: '.image',
    }),
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

export const sessionStoreSpec = z
  .object({
    engine,
    topology: topology.describe('How many Redis processes keep the sessions.'),
    memory,
    sessions,
    clients: clients.describe('Who may connect: an ACL user, a Secret and an ingress rule each.'),
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
          .enum(['Disabled', 'Audit', 'Enforce'])
          .default('Enforce')
          .describe(
            'Enforce makes a NetworkPolicy that denies all but the declared clients and the operator. Audit makes none, and tells who is connected and not declared (condition ClientsDeclared).',
          ),
      })
      .prefault({}),
    tls: tls.describe('Encryption of connections, those between replicas included.'),
    persistence,
    flushes: z
      .object({
        cooldown: duration()
          .optional()
          .describe(
            'After a flush of `all` another one is refused for so long, unless it says `limits.ignoreCooldown`: a script that goes round must not keep everybody logged out.',
          ),
        approval: z
          .object({
            abovePercent: z
              .int()
              .min(0)
              .max(99)
              .default(0)
              .describe(
                'Of flushes that end more than this part of all keys, and of `all`. 0: of every flush that ends a session.',
              ),
            groups: z
              .array(z.string().min(1).max(256))
              .min(1)
              .max(16)
              .meta({ 'x-kubernetes-list-type': 'set' })
              .optional()
              .describe(
                'Whoever approves is in one of these. Default: whoever has the right `approve` on flushsessions.',
              ),
            timeout: duration()
              .default('24h')
              .describe('A flush that nobody has approved so long after it was created fails.'),
          })
          .optional()
          .describe('A second person must agree before a session is ended. Not there: nobody is asked.'),
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
      .describe("Retain leaves the clients' Secrets and the claims behind when the SessionStore is deleted."),
  })
  .meta(
    rules({
      rule: '!has(self.persistence) || !has(self.persistence.claim) || !has(self.persistence.claim.size) || quantity(self.persistence.claim.size).compareTo(quantity(self.memory.maxmemory).add(quantity(self.memory.maxmemory))) >= 0',
      message: 'must be at least twice memory.maxmemory: a file is written anew beside the old one',
      fieldPath: '.persistence.claim.size',
    }),
  )
/** What a person asked for, with every default filled in. */
export type SessionStoreSpec = z.infer<typeof sessionStoreSpec>
