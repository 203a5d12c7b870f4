import { z } from 'zod'
import { duration, objectName, rules, time } from './values.ts'

/** How connections to a store are encrypted. */
export const tls = z
  .object({
    mode: z
      .enum(['Disabled', 'Managed', 'Secret'])
      .default('Disabled')
      .describe(
        'Managed: the operator is the authority, makes the certificates and renews them. Secret: you bring them. TLS is on port 6380.',
      ),
    plaintext: z
      .enum(['Deny', 'Allow'])
      .default('Deny')
      .describe('Allow keeps port 6379 open beside the one for TLS, while applications move.'),
    clientCertificates: z
      .enum(['None', 'Optional', 'Required'])
      .default('None')
      .describe(
        "Whether those who connect must show a certificate as well. Managed: it is in each client's Secret. Optional is the step before Required.",
      ),
    secret: z
      .object({
        name: objectName().describe(
          'A Secret of the same namespace with `tls.crt`, `tls.key` and `ca.crt`, as cert-manager writes it. Read every 30 s, never written.',
        ),
      })
      .optional()
      .describe('With mode Secret: where the certificate comes from.'),
    renewal: z
      .object({
        request: z.string().min(1).max(64).optional().describe('Any new value asks for a new certificate and key.'),
        authorityRequest: z
          .string()
          .min(1)
          .max(64)
          .optional()
          .describe(
            'Any new value asks for a new authority. Both are trusted until every application can know the new one.',
          ),
        overlap: duration()
          .default('24h')
          .describe(
            'How long applications have to read a new authority before servers use it, and again before the old one goes.',
          ),
        lifetime: duration()
          .default('2160h')
          .describe('How long a certificate is valid. A new one is made when a third of that is left.'),
      })
      .meta(
        rules(
          {
            rule: "duration(self.lifetime) >= duration('10m') && duration(self.lifetime) <= duration('8760h')",
            message: 'must be from 10m to 8760h',
            fieldPath: '.lifetime',
          },
          {
            rule: 'duration(self.overlap) <= duration(self.lifetime)',
            message: 'must not be longer than renewal.lifetime: the certificate in use would end first',
            fieldPath: '.overlap',
          },
        ),
      )
      .prefault({})
      .describe('With mode Managed: when certificates change. Redis is not restarted, and nobody is cut off.'),
  })
  .meta(
    rules(
      {
        rule: "self.mode != 'Secret' || has(self.secret)",
        message: 'say tls.secret.name beside mode: Secret',
        fieldPath: '.secret',
      },
      {
        rule: "self.mode == 'Secret' || !has(self.secret)",
        message: 'say mode: Secret beside tls.secret; with Managed the operator makes the certificate',
        fieldPath: '.secret',
      },
    ),
  )
  .prefault({})

/** Which certificate a store's servers have, as read back. */
export const tlsStatus = z.object({
  serial: z.string().describe('Serial number of the certificate that servers are to use, hex.'),
  notAfter: time().describe('When it ends.'),
  authority: z.int().optional().describe('With mode Managed: the generation of the authority that signed it.'),
  since: time().describe('When the certificate or the authorities beside it last changed.'),
  loaded: z
    .boolean()
    .describe('Every server has shown this certificate in a handshake, and has the authorities beside it.'),
  recorded: z.string().optional().describe('Serial number of the last certificate that is in an AuditRecord.'),
})
