import { z } from 'zod'
import { conditions, duration, label, rules, time } from './values.ts'

/** Who somebody is, as the API server saw it at admission. */
export const identity = z.object({
  username: z.string().max(1024),
  uid: z.string().max(256).optional(),
  groups: z.array(z.string().max(1024)).max(256).meta({ 'x-kubernetes-list-type': 'set' }).optional(),
})

const limits = z
  .object({
    drain: duration()
      .default('30s')
      .describe('How long writes stay refused after the deletion: longer than the longest request of the application.'),
    maxFence: duration().default('5m').describe('How long writes may stay refused in all.'),
    onFenceTimeout: z
      .enum(['Release', 'Hold'])
      .default('Release')
      .describe(
        'What happens at maxFence: Release lets the application write again, and the flush fails; Hold keeps it fenced until it is done.',
      ),
  })
  .meta(
    rules(
      { rule: "duration(self.drain) <= duration('1h')", message: 'must be at most 1h', fieldPath: '.drain' },
      {
        rule: 'duration(self.maxFence) > duration(self.drain)',
        message: 'must be longer than limits.drain: the fence is up at least that long',
        fieldPath: '.maxFence',
      },
    ),
  )
  .prefault({})

export const flushSessionsSpec = z
  .object({
    storeRef: z.object({ name: label(52).describe('A SessionStore of this namespace.') }),
    scope: z
      .object({ all: z.object({}).optional().describe('Every session of the store.') })
      .meta(rules({ rule: 'has(self.all)', message: 'say which sessions: `all: {}` is every session of the store' })),
    guarantee: z
      .enum(['Fenced'])
      .default('Fenced')
      .describe(
        'Fenced: writes are refused while sessions are deleted and for `limits.drain` after, so none comes back.',
      ),
    reason: z
      .string()
      .min(1)
      .max(1024)
      .meta(rules({ rule: 'self.trim().size() > 0', message: 'say why, in words an auditor will understand' }))
      .describe('Why. It goes on record.'),
    reference: z.string().max(256).optional().describe('A ticket or an incident, such as INC-4711.'),
    dryRun: z.boolean().default(false).describe('Plan and count, change nothing.'),
    limits,
    ttlAfterFinished: duration()
      .default('2160h')
      .describe('This object goes this long after it has finished. Its AuditRecords stay.'),
    requestedBy: identity
      .optional()
      .describe(
        'Who asked. Stamped at admission over whatever was sent; on clusters before 1.36 write your own, it is compared.',
      ),
    abort: z
      .object({
        reason: z.string().min(1).max(1024),
        by: identity.optional().describe('Who aborted. Stamped at admission.'),
      })
      .optional()
      .describe('Set once to stop: the fence lifts, sessions that are deleted stay deleted.'),
  })
  .meta(
    rules(
      {
        rule: 'has(oldSelf.abort) ? has(self.abort) && self.abort == oldSelf.abort : true',
        message: 'cannot change once it is set',
        fieldPath: '.abort',
      },
      ...['storeRef', 'scope', 'guarantee', 'reason', 'dryRun', 'limits', 'ttlAfterFinished'].map((field) => ({
        rule: `self.${field} == oldSelf.${field}`,
        message: 'a FlushSessions cannot change once it is created (only abort can be set): create another one',
        fieldPath: `.${field}`,
      })),
      ...['reference', 'requestedBy'].map((field) => ({
        rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
        message: 'a FlushSessions cannot change once it is created (only abort can be set): create another one',
        fieldPath: `.${field}`,
      })),
    ),
  )
export type FlushSessionsSpec = z.infer<typeof flushSessionsSpec>

/** Where a flush is. The last three are final. */
export const flushPhases = ['Pending', 'Running', 'Completed', 'Failed', 'Aborted'] as const

export const flushSessionsStatus = z.object({
  observedGeneration: z.int().optional(),
  phase: z.enum(flushPhases).optional(),
  conditions: conditions().optional(),
  startedAt: time().optional(),
  finishedAt: time().optional(),
  plan: z
    .object({
      digest: z.string().describe("Of the spec, the store, its flush epoch and its nodes' run ids."),
      matched: z.int().meta({ format: 'int64' }).describe('Sessions in scope when the plan was made.'),
      percent: z.int(),
      method: z.enum(['FlushDatabase', 'ScanAndUnlink']),
      estimatedSeconds: z.int(),
      costs: z.array(z.string().max(1024)).max(16),
    })
    .optional(),
  outcome: z
    .object({ phase: z.enum(['Completed', 'Failed', 'Aborted']), reason: z.string(), message: z.string() })
    .optional()
    .describe('How it ends, written before the fence is lifted: what was decided is not decided again.'),
  progress: z.object({ percent: z.int(), keysRevoked: z.int().meta({ format: 'int64' }), step: z.string() }).optional(),
  fence: z
    .object({
      startedAt: time().describe("When the fence first went up, by the operator's clock: maxFence counts from here."),
      runId: z.string().optional().describe('The process that the fence and the deletion were acknowledged by.'),
      deletedAt: time()
        .optional()
        .describe("The deletion, by the operator's clock: both clocks must say that the drain is over."),
      deletedAtMs: z
        .int()
        .meta({ format: 'int64' })
        .optional()
        .describe("The deletion, in ms of the Redis server's clock: the drain counts from here."),
    })
    .optional(),
  nodes: z
    .array(
      z.object({
        name: z.string(),
        runId: z.string(),
        before: z.int().meta({ format: 'int64' }),
        revoked: z.int().meta({ format: 'int64' }),
        remaining: z.int().meta({ format: 'int64' }).optional(),
        acknowledged: z.boolean(),
      }),
    )
    .max(64)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional(),
  resurrections: z
    .object({ removed: z.int().meta({ format: 'int64' }) })
    .optional()
    .describe('Sessions that the second pass found and removed.'),
  guarantee: z
    .object({
      assumptions: z.array(z.string().max(1024)).max(16),
      notCovered: z.array(z.string().max(1024)).max(16),
    })
    .optional(),
  auditRecords: z.array(z.string()).max(16).optional(),
})
export type FlushSessionsStatus = Readonly<z.infer<typeof flushSessionsStatus>>
