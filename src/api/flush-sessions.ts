import { z } from 'zod'
import { duration, label, objectName, rules, time } from './values.ts'

/** Who somebody is, as the API server saw it at admission. */
export const identity = z.object({
  username: z.string().max(1024),
  uid: z.string().max(256).optional(),
  groups: z.array(z.string().max(1024)).max(256).meta({ 'x-kubernetes-list-type': 'set' }).optional(),
})

export type Identity = z.infer<typeof identity>

/** A key of a Secret of this namespace, one entry in each line. */
const listRef = (key: string) =>
  z.object({
    name: objectName(),
    key: z
      .string()
      .min(1)
      .max(253)
      .regex(/^[-._a-zA-Z0-9]+$/)
      .default(key)
      .describe('One in each line.'),
  })

const scopes = ['all', 'principals', 'sessionIds', 'createdBefore', 'idleLongerThan', 'keyPattern'] as const

const scope = z
  .object({
    all: z.object({}).optional().describe('Every session of the store.'),
    principals: z
      .object({
        values: z
          .array(z.string().min(1).max(256))
          .min(1)
          .max(100)
          .optional()
          .describe('Anybody who may read this object reads them.'),
        secretRef: listRef('principals').optional().describe('A Secret of this namespace that lists them.'),
        exhaustive: z
          .boolean()
          .default(true)
          .describe(
            "Look at every session, after those that the library's own index names (lucia, spring-session-indexed). False: at those alone, which takes no time and misses what the index has missed.",
          ),
      })
      .meta(
        rules({
          rule: 'has(self.values) != has(self.secretRef)',
          message: 'say either values or secretRef',
        }),
      )
      .optional()
      .describe(
        'Sessions of these people, by what the application keeps in them: see spec.sessions.principalPath of the store.',
      ),
    sessionIds: z
      .object({ secretRef: listRef('sessionIds').describe('A Secret of this namespace that lists them.') })
      .optional()
      .describe('These sessions, by their ids or the values of their cookies.'),
    createdBefore: time()
      .optional()
      .describe('Sessions that began before this; only for presets whose sessions say when.'),
    idleLongerThan: duration()
      .optional()
      .describe('Sessions that nobody had used for so long when this flush was created: see `clock`.'),
    keyPattern: z
      .string()
      .max(256)
      .regex(/^[A-Za-z0-9._:@/+=~*-]+\*$/)
      .optional()
      .describe('Keys that match; `*` is any text. It begins with `<keyPrefix>:` and ends with `*`.'),
  })
  .meta(
    rules({
      rule: `[${scopes.map((name) => `has(self.${name})`).join(', ')}].filter(x, x).size() == 1`,
      message: `say which sessions, by exactly one of ${scopes.join(', ')}: \`all: {}\` is every session of the store`,
    }),
  )

const limits = z
  .object({
    drain: duration()
      .default('30s')
      .describe(
        'How long writes stay refused after the deletion, or what was deleted is remembered: longer than the longest request of the application. Not with Rotated, which waits for no request.',
      ),
    maxFence: duration().default('5m').describe('How long writes may stay refused in all.'),
    maxAffected: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .optional()
      .describe(
        'The flush fails when more sessions than this are in scope: before anything changes, or in the middle if they became more.',
      ),
    maxAffectedPercent: z
      .int()
      .min(1)
      .max(99)
      .optional()
      .describe('The same as a part of the keys that the store has, judged when it is planned. With `all` it refuses.'),
    keysPerSecond: z
      .int()
      .min(10)
      .max(10_000_000)
      .optional()
      .describe(
        'Examine no more keys in a second; default: as many as Redis can. Not with `all`, which takes no time.',
      ),
    ignoreCooldown: z
      .boolean()
      .default(false)
      .describe("Flush `all` once more although the store's flushes.cooldown is not over. It goes on record."),
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

const unchanging =
  'a FlushSessions cannot change once it is created (only abort and approval can be set): create another one'

export const flushSessionsSpec = z
  .object({
    storeRef: z.object({ name: label(52).describe('A SessionStore of this namespace.') }),
    scope: scope.describe('Which sessions: exactly one of these.'),
    guarantee: z
      .enum(['Fenced', 'Guarded', 'Rotated'])
      .optional()
      .describe(
        'Fenced (default with `all`): writes are refused while sessions are deleted and for `limits.drain` after, so none comes back. Guarded (default otherwise): nobody is held up; what was deleted is remembered, and deleted again whenever it comes back, for `limits.drain`. Rotated: writes are refused while sessions are deleted and every client gets a new user, with no drain; whoever has a password of before is let in no more.',
      ),
    clock: z
      .enum(['Exact', 'Derived'])
      .default('Exact')
      .describe(
        'With `idleLongerThan`. Exact: the time that a session says itself (Spring); refused where it says none. Derived: when Redis saw a key read or written last, which a restart forgets (too few end then), and a new primary has not seen (who has only read since may end).',
      ),
    onUndecodable: z
      .enum(['Fail', 'Revoke', 'Skip'])
      .default('Fail')
      .describe(
        'With `principals`, `createdBefore` and `idleLongerThan`: sessions that cannot be read. Fail: nothing is touched if there is one; Revoke: they end as well; Skip: they stay, and are counted.',
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
    approval: z
      .object({
        planDigest: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .describe('`status.plan.digest`, as read: what is approved is that plan, and no other.'),
        by: identity.optional().describe('Who approved. Stamped at admission.'),
      })
      .optional()
      .describe(
        "Set by somebody else than who asked, where the store's flushes.approval wants it, with the right `approve` on flushsessions.",
      ),
  })
  .meta(
    rules(
      {
        rule: "!(has(self.guarantee) && self.guarantee != 'Guarded' && self.clock == 'Derived')",
        message: 'use guarantee: Guarded with clock: Derived: while writes are refused everybody seems idle',
        fieldPath: '.clock',
      },
      {
        rule: 'has(oldSelf.abort) ? has(self.abort) && self.abort == oldSelf.abort : true',
        message: 'cannot change once it is set',
        fieldPath: '.abort',
      },
      {
        rule: '!has(oldSelf.approval) || has(self.approval)',
        message: 'cannot be taken back: set spec.abort',
        fieldPath: '.approval',
      },
      ...['storeRef', 'scope', 'clock', 'onUndecodable', 'reason', 'dryRun', 'limits', 'ttlAfterFinished'].map(
        (field) => ({
          rule: `self.${field} == oldSelf.${field}`,
          message: unchanging,
          fieldPath: `.${field}`,
        }),
      ),
      ...['reference', 'requestedBy', 'guarantee'].map((field) => ({
        rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
        message: unchanging,
        fieldPath: `.${field}`,
      })),
    ),
  )
export type FlushSessionsSpec = z.infer<typeof flushSessionsSpec>
