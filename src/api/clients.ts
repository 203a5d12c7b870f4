import { z } from 'zod'
import { duration, label, objectName, rules } from './values.ts'

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

/** Who may connect. */
export const clients = z
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
