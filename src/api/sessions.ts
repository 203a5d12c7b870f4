import { z } from 'zod'
import { customCommands } from '../sessions/presets/custom.ts'
import { presetNames, presetsWithBirth } from '../sessions/presets.ts'
import { duration, rules } from './values.ts'

const ttl = z
  .object({
    default: duration().default('24h').describe('Given to a session that its library left without a time to live.'),
    max: duration().optional().describe('No session keeps a longer time to live than this.'),
    absolute: duration()
      .optional()
      .describe(
        'A session ends this long after it began, however often it is renewed. Only for presets whose sessions say when they began.',
      ),
    exempt: z
      .array(z.string().regex(/^[A-Za-z0-9._:@*-]{1,120}$/))
      .max(16)
      .optional()
      .describe(
        'Keys that the policy leaves alone, as patterns after `<keyPrefix>:` in which `*` is any text. Those that the preset names are left alone anyway.',
      ),
    enforcement: z
      .enum(['Disabled', 'Report', 'Enforce'])
      .default('Report')
      .describe(
        'Report tells of sessions that break the limits; Enforce also gives those without a time to live one, shortens those over `max` and ends those over `absolute`, by a paced sweep.',
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
      {
        rule: "!has(self.absolute) || duration(self.absolute) >= duration('10s')",
        message: 'must be at least 10s',
        fieldPath: '.absolute',
      },
    ),
  )
  .prefault({})

/** What the sessions are, and how long one may live. */
export const sessions = z
  .object({
    client: z
      .enum([...presetNames, 'Custom'])
      .describe(
        'The preset: which commands the library needs, its key layout, and what a flush does not cover. Custom: a library that has none.',
      ),
    custom: z
      .object({
        commands: z
          .array(z.enum(customCommands))
          .min(1)
          .max(customCommands.length)
          .describe(
            'What it may ask of Redis, of its own keys. Nothing else is granted but what a connection begins with.',
          ),
        notCovered: z
          .array(z.string().min(1).max(512))
          .max(8)
          .optional()
          .describe('What a flush does not end, such as copies of sessions elsewhere: said in every FlushSessions.'),
      })
      .optional()
      .describe('With client: Custom.'),
    keyPrefix: z
      .string()
      .min(1)
      .max(120)
      .regex(/^[A-Za-z0-9._-]+(:[A-Za-z0-9._-]+)*$/)
      .describe(
        "What every session's key begins with, without the colon that ends it. Clients can reach nothing else. Immutable.",
      ),
    principalPath: z
      .array(z.string().min(1).max(128))
      .min(1)
      .max(8)
      .optional()
      .describe(
        "Where in a session it says whose it is, for a flush of `principals`: names of fields, and places of elements in digits. Default: the preset's, where the library decides that.",
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
      {
        rule: "(self.client == 'Custom') == has(self.custom)",
        message: 'say sessions.custom.commands with client: Custom, and only with it',
        fieldPath: '.custom',
      },
      {
        rule: `!has(self.ttl.absolute) || self.client in ['${presetsWithBirth.join("', '")}']`,
        message: `sessions of this client do not say when they began (those of ${presetsWithBirth.join(' and ')} do): limit their age in the application, or leave ttl.absolute out`,
        fieldPath: '.ttl.absolute',
      },
    ),
  )
