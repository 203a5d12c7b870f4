// Stands in for src/redis/acl.ts in an operator that never takes the right to write: it deletes, as a person with a Redis shell does. To show
// that the tests of flushes would see revived sessions. A switch of the tests, not of the product.
import { clientUser as realClientUser, ownKeys, type AclUser, type ClientAccess } from '../../src/redis/acl.ts'
import type { Command } from '../../src/redis/connection.ts'

export * from '../../src/redis/acl.ts'

/** For the variant of the operator: `operatorImage(log, noFence)`. */
export const noFence = { 'src/redis/acl.ts': 'test/clients/no-fence.ts' } as const

export const clientUser = (access: ClientAccess): AclUser => realClientUser({ ...access, fenced: false })

export const fenceUser = (name: string, keyPrefix: string): Command => [
  'ACL',
  'SETUSER',
  name,
  'resetkeys',
  ownKeys(keyPrefix),
]

/** And the flush finds what it takes for a fence. */
export const fencedKeys = ownKeys
