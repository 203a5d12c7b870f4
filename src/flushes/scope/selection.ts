import type { RedisConnection } from '../../redis/connection.ts'
import { visitKeys, type Act, type Criterion, type Visit, type VisitOptions } from '../../redis/visit-keys.ts'

/** Finds the sessions in scope on one server, and does with them what it is told. */
export interface Selection {
  /** How a plan calls it. */
  readonly method: 'ScanAndUnlink' | 'ByName' | 'ByIndex'
  /** Goes over the server's sessions once. Throws a `RedisError`. */
  readonly visit: (connection: RedisConnection, act: Act, options?: VisitOptions) => Promise<Visit>
}

/** A selection that the server can make by itself. */
export const inServer = (criterion: Criterion): Selection => ({
  method: criterion.by === 'names' ? 'ByName' : 'ScanAndUnlink',
  visit: async (connection, act, options) => await visitKeys(connection, criterion, act, options),
})

/**
 * The server first; if there is anything that it cannot judge, a reader of ours goes over what is left. cjson is no judge of what Node wrote: it refuses half of a surrogate pair,
 * which `JSON.stringify` writes as `\\ud83d`, and one person's session must not stop a flush.
 */
export const withReader = (server: Selection, reader: Selection): Selection => ({
  method: server.method,
  visit: async (connection, act, options = {}) => {
    const first = await server.visit(connection, act, options)
    if (first.undecodable === 0) return first
    const before = act === 'count' ? 0 : first.matched
    const { onPage } = options
    const add = (visit: Visit): Visit => ({ ...visit, matched: before + visit.matched })
    const rest = { ...options, ...(onPage ? { onPage: (soFar: Visit) => onPage(add(soFar)) } : {}) }
    return add(await reader.visit(connection, act, rest))
  },
})
