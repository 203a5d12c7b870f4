import type { RedisConnection } from '../../redis/connection.ts'
import { visitKeys, type Act, type Criterion, type Visit, type VisitOptions } from '../../redis/visit-keys.ts'

/** Finds the sessions in scope on one server, and does with them what it is told. */
export interface Selection {
  /** How a plan calls it. */
  readonly method: 'ScanAndUnlink' | 'ByName'
  /** Goes over the server's sessions once. Throws a `RedisError`. */
  readonly visit: (connection: RedisConnection, act: Act, options?: VisitOptions) => Promise<Visit>
}

/** A selection that the server can make by itself. */
export const inServer = (criterion: Criterion): Selection => ({
  method: criterion.by === 'names' ? 'ByName' : 'ScanAndUnlink',
  visit: async (connection, act, options) => await visitKeys(connection, criterion, act, options),
})
