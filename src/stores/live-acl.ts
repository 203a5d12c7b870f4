import { fencedKeys, operatorUser, ownKeys, probeUser, setUser, type AclUser } from '../redis/acl.ts'
import type { RedisConnection } from '../redis/connection.ts'
import type { RedisCallOptions } from '../redis/connection.ts'

/** What a running server's users told us, beside being put right. */
export interface LiveAclResult {
  readonly changed: boolean
  /** Why data may have been written by somebody who could reach more than the prefix, or undefined. */
  readonly unconfined: string | undefined
}

/**
 * Keeps the users of running servers as declared. A server prints rules in its own words, which differ by version, so what it
 * prints after our change is remembered and compared: a difference is somebody else's doing, and is put right.
 */
export class LiveAcl {
  /** By the UID of the pod; of one start of its server. */
  readonly #settled = new Map<
    string,
    { readonly process: string; readonly declared: string; readonly printed: string }
  >()

  /** `process` is the run id of the server: a restarted one is put right again. Throws a `RedisError`. */
  async ensure(
    connection: RedisConnection,
    podUid: string,
    process: string,
    users: readonly AclUser[],
    keyPrefix: string,
    options: RedisCallOptions = {},
  ): Promise<LiveAclResult> {
    const declared = JSON.stringify(users)
    const before = await list(connection, options)
    const unconfined = findBeyond(before, [ownKeys(keyPrefix), fencedKeys(keyPrefix)])
    const settled = this.#settled.get(podUid)
    if (settled?.process === process && settled.declared === declared && settled.printed === before.join('\n'))
      return { changed: false, unconfined }

    const names = new Set(users.map((user) => user.name))
    const surplus = before.map((line) => nameIn(line)).filter((name) => !names.has(name))
    await connection.transaction(
      [...users.map((user) => setUser(user)), ...surplus.map((name) => ['ACL', 'DELUSER', name] as const)],
      options,
    )
    await connection.call(['ACL', 'SAVE'], options)
    this.#settled.set(podUid, { process, declared, printed: (await list(connection, options)).join('\n') })
    return { changed: true, unconfined }
  }

  forget(podUid: string): void {
    this.#settled.delete(podUid)
  }
}

/** The first user that could write a session although a fence should be up, or undefined: what a server really does, not what we told it. */
export const findWriter = async (
  connection: RedisConnection,
  keyPrefix: string,
  options: RedisCallOptions = {},
): Promise<string | undefined> => findBeyond(await list(connection, options), [fencedKeys(keyPrefix)])

const list = async (connection: RedisConnection, options: RedisCallOptions): Promise<readonly string[]> => {
  const reply = await connection.call(['ACL', 'LIST'], options)
  return Array.isArray(reply) ? reply.map((line) => String(line)) : []
}

const nameIn = (line: string): string => line.split(' ', 2)[1] ?? ''

/** The first user, other than the operator's own, that could log in and reach keys by other patterns than these. */
export const findBeyond = (lines: readonly string[], patterns: readonly string[]): string | undefined => {
  const allowed = new Set(patterns)
  for (const line of lines) {
    const [, name = '', ...rules] = line.split(' ')
    if (name === operatorUser || name === probeUser || rules.includes('off')) continue
    const keys = rules.filter(
      (rule) => rule.startsWith('~') || rule.startsWith('%') || rule === 'allkeys' || rule.startsWith('('),
    )
    if (keys.some((pattern) => !allowed.has(pattern))) return name
  }
  return undefined
}
