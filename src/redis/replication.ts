import { replicationUser } from './acl.ts'
import { deadAddress, maxLagSeconds } from './config.ts'
import type { Command, RedisCallOptions, RedisConnection } from './connection.ts'
import { parseInfo, type Info } from './info.ts'

/** Cuts a replica from whom it follows; it keeps its data, its history and its offset. */
export const cutLink: Command = ['REPLICAOF', ...deadAddress]

/** How a replica logs in to its primary. Held in the memory of the two processes only: the file has a hash, the configuration nothing. */
export interface ReplicationLogin {
  readonly password: string
}

/** Gives a node the password with which it logs in to its primary the next time; a link that is up stays so. */
export const setReplicationLogin = async (
  connection: RedisConnection,
  { password }: ReplicationLogin,
  options: RedisCallOptions = {},
): Promise<void> => {
  await connection.call(['CONFIG', 'SET', 'masteruser', replicationUser, 'masterauth', password], options)
}

/** Closes connections of a user that come from none of these addresses. */
export const cutStrangers = async (
  connection: RedisConnection,
  user: string,
  addresses: readonly string[],
  options: RedisCallOptions = {},
): Promise<void> => {
  const known = new Set(addresses)
  const list = String(await connection.call(['CLIENT', 'LIST', 'TYPE', 'REPLICA'], options))
  for (const line of list.split('\n').filter((each) => each.includes(` user=${user} `))) {
    const [, id] = /^id=([0-9]+) /.exec(line) ?? []
    const [, host = ''] = / addr=\[?([^ ]+?)\]?:[0-9]+ /.exec(line) ?? []
    if (id !== undefined && !known.has(host)) await connection.call(['CLIENT', 'KILL', 'ID', id], options)
  }
}

/** Where a node finds its primary. */
export interface PrimaryEndpoint {
  readonly host: string
  readonly port: number
  /** Whether the link is encrypted; undefined of a node that has no certificate, and cannot. */
  readonly tls: boolean | undefined
}

/**
 * What a node has that is to follow another one. `current`: what its primary has, or had a moment ago: whether it may be read while its link is made stays as it is. `stale`:
 * something older, which nobody reads: see {@link openGate}. `revoked`: sessions that have been ended; it takes the whole data over even where it could go on from its
 * offset, since on the way there it would show them.
 */
export type Standing = 'current' | 'stale' | 'revoked'

/** Makes a node follow another one. A node that has the same history goes on from its offset, any other takes the whole data over. */
export const follow = async (
  connection: RedisConnection,
  { host, port, tls }: PrimaryEndpoint,
  ownHost: string,
  { password }: ReplicationLogin,
  standing: Standing,
  options: RedisCallOptions = {},
): Promise<void> => {
  const settings = [
    ['masteruser', replicationUser],
    ['masterauth', password],
    ['replica-announce-ip', ownHost],
    // An application may be connected to it, led there by an old route.
    ...(standing === 'current' ? [] : [['replica-serve-stale-data', 'no'] as const]),
    ...(tls === undefined ? [] : [['tls-replication', tls ? 'yes' : 'no'] as const]),
  ] as const
  // By itself: in a transaction its failure would stop nothing.
  await connection.call(['CONFIG', 'SET', ...settings.flat()], options)
  // A replica that becomes a primary begins a new history, with which nobody can go on (of a primary NO ONE changes nothing: `replicaofCommand`). In a transaction
  // nobody reads what it has meanwhile.
  const forgetHistory: readonly Command[] = standing === 'revoked' ? [cutLink, ['REPLICAOF', 'NO', 'ONE']] : []
  await connection.transaction([...forgetHistory, ['REPLICAOF', host, port]], options)
}

/**
 * Lets a replica whose link is up, and that has the whole data, be read when the link breaks. Until then it refuses who is not its primary (`MASTERDOWN`): what it
 * has may be of long ago.
 */
export const openGate = async (connection: RedisConnection, options: RedisCallOptions = {}): Promise<void> => {
  await connection.call(['CONFIG', 'SET', 'replica-serve-stale-data', 'yes'], options)
}

/**
 * Makes a node the primary, and resolves with what it is then: with a history of its own, that begins where it stood. It acknowledges
 * writes alone until it has a replica: see {@link bindWrites}.
 */
export const promote = async (connection: RedisConnection, options: RedisCallOptions = {}): Promise<Info> => {
  const replies = await connection.transaction(
    [
      ['CONFIG', 'SET', 'min-replicas-to-write', 0, 'replica-serve-stale-data', 'yes'],
      ['REPLICAOF', 'NO', 'ONE'],
      ['INFO'],
    ],
    options,
  )
  return parseInfo(replies[2] ?? '')
}

/** Lets a primary acknowledge writes only while this many replicas have answered within `min-replicas-max-lag`. */
export const bindWrites = async (
  connection: RedisConnection,
  replicas: 0 | 1,
  options: RedisCallOptions = {},
): Promise<void> => {
  // With what the bound rests on: a server that was started for one node alone has other values.
  const rest = ['min-replicas-max-lag', maxLagSeconds, 'repl-ping-replica-period', 1] as const
  await connection.call(['CONFIG', 'SET', 'min-replicas-to-write', replicas, ...rest], options)
}

/** Closes what applications have open on this node; the operator's own connection stays. */
export const closeClients = async (connection: RedisConnection, options: RedisCallOptions = {}): Promise<void> => {
  for (const type of ['normal', 'pubsub'])
    await connection.call(['CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes'], options)
}
