import type { AnsweringNode } from '../observe.ts'

/** A connection of an application to a node. */
export interface Peer {
  readonly node: AnsweringNode
  readonly user: string
  /** Its IP address. */
  readonly address: string
  /** Address and port, as `CLIENT KILL ADDR` takes it. */
  readonly connection: string
}

/** Connections of these users, on all nodes, those that only listen to channels included. Throws a `RedisError`. */
export const connectedPeers = async (
  nodes: readonly AnsweringNode[],
  users: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly Peer[]> => {
  const lists = await Promise.all(
    nodes.map(async (node) => ({
      node,
      list: String(await node.state.connection.call(['CLIENT', 'LIST'], { signal })),
    })),
  )
  return lists.flatMap(({ node, list }) => parsePeers(list, users).map((peer) => ({ node, ...peer })))
}

/** The connections of these users in a reply of `CLIENT LIST`. An IPv6 address stands in brackets there (`formatAddr` of Redis' `anet.c`). */
export const parsePeers = (list: string, users: ReadonlySet<string>): readonly Omit<Peer, 'node'>[] =>
  list.split('\n').flatMap((line) => {
    const user = / user=(\S+)/.exec(line)?.[1]
    const connection = / addr=(\S+)/.exec(line)?.[1]
    if (user === undefined || connection === undefined || !users.has(user)) return []
    const host = connection.slice(0, connection.lastIndexOf(':'))
    return [{ user, connection, address: host.replace(/^\[(.*)\]$/, '$1') }]
  })
