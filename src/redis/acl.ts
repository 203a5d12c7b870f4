import { createHash } from 'node:crypto'
import type { Command } from './connection.ts'

/** An ACL user as we declare it. Passwords appear as SHA-256 only. */
export interface AclUser {
  readonly name: string
  /** Everything after the name in an ACL file, from a clean slate: begins with `reset`. */
  readonly rules: readonly string[]
}

/** The name of the user that the operator logs in as. */
export const operatorUser = 'operator'
/** The name of the user that the kubelet's probes log in as: it can ask whether Redis answers, and how old its data is, and nothing else. */
export const probeUser = 'probe'
/** The name of the user that replicas log in to their primary as. */
export const replicationUser = 'replication'

/** How Redis stores a password in an ACL file: `#` and its SHA-256. */
export const passwordHash = (password: string): string => `#${createHash('sha256').update(password).digest('hex')}`

/** What the operator calls, and no more; scripts run with the rights of their caller. */
export const operatorCommands = [
  '+auth', '+hello', '+ping', '+select|0', '+select|1', '+info', '+time', '+dbsize', '+multi', '+exec',
  '+acl|whoami', '+function|load', '+function|list', '+acl|list', '+acl|log', '+acl|setuser', '+acl|deluser', '+acl|save',
  '+client|kill', '+client|list', '+client|setname', '+client|pause', '+client|unpause', '+client|no-touch',
  '+config|get', '+config|set',
  '+replicaof',
  '+set', '+del', '+scan', '+unlink', '+flushdb', '+eval', '+pttl', '+pexpire', '+get', '+hget', '+exists', '+bgrewriteaof', '+bgsave', '+waitaof', '+wait',
  '+sadd', '+sscan', '+scard', '+sismember', '+swapdb', '+hset', '+hincrby', '+subscribe', '+object|idletime', '+randomkey',
] // prettier-ignore

/** Hashes of the passwords of the users that are not a client's. */
export interface OwnPasswordHashes {
  readonly operator: string
  /** None where nothing is replicated. */
  readonly replication: readonly string[]
}

/** Users that every store has, whoever its clients are. */
export const ownUsers = (hashes: OwnPasswordHashes): readonly AclUser[] => [
  // Nobody can log in as default, but a server that reads its append-only file replays transactions and scripts as this
  // user: without rights it drops them without a word (Redis 7.0.15, measured; redis#14541, valkey#3983).
  { name: 'default', rules: ['reset', 'off', '~*', '&*', '+@all'] },
  { name: probeUser, rules: ['reset', 'on', 'nopass', '-@all', '+ping', '+role', '+function|list', '+auth', '+hello'] },
  { name: operatorUser, rules: ['reset', 'on', hashes.operator, '~*', '&*', '-@all', ...operatorCommands] },
  ...(hashes.replication.length === 0
    ? []
    : [
        {
          name: replicationUser,
          rules: ['reset', 'on', ...hashes.replication, '-@all', '+psync', '+replconf', '+ping'],
        },
      ]),
]

export interface ClientAccess {
  readonly name: string
  readonly passwordHash: string
  /** Without the colon that ends it. */
  readonly keyPrefix: string
  /** The preset's list, such as `+get`. */
  readonly commands: readonly string[]
  /** The preset's channels, as patterns. */
  readonly channels: readonly string[]
  /** True while a flush holds writes back: keys can be read, not written. */
  readonly fenced: boolean
}

/** The rule that gives a client its sessions, and nothing beside. */
export const ownKeys = (keyPrefix: string): string => `~${keyPrefix}:*`

/** The rule that lets a client read its sessions and write none. */
export const fencedKeys = (keyPrefix: string): string => `%R~${keyPrefix}:*`

/**
 * A client's user. Fenced, its keys are `%R~`: a write to them is refused at once, on connections that are open already and in scripts (measured
 * on Redis 7.0.15 and 8.0.2); `off` or a new password would not do that. A transaction that is queued already may still run on some versions before
 * 8.10.2, 8.8.3 and 8.6.7 (redis#15673): no preset may grant `MULTI` without a floor above those.
 */
export const clientUser = (access: ClientAccess): AclUser => ({
  name: access.name,
  rules: [
    'reset',
    'on',
    access.passwordHash,
    access.fenced ? fencedKeys(access.keyPrefix) : ownKeys(access.keyPrefix),
    ...access.channels.map((pattern) => `&${pattern}`),
    '-@all',
    ...access.commands,
  ],
})

/** The live change that makes a user what we declare. Connections that are logged in stay so, with the new rights. */
export const setUser = (user: AclUser): Command => ['ACL', 'SETUSER', user.name, ...user.rules]

/** The live change that takes a client's right to write and nothing else. */
export const fenceUser = (name: string, keyPrefix: string): Command => [
  'ACL',
  'SETUSER',
  name,
  'resetkeys',
  fencedKeys(keyPrefix),
]

/** An ACL file, as the server reads it when it starts. */
export const aclFile = (users: readonly AclUser[]): string =>
  users.map((user) => `user ${user.name} ${user.rules.join(' ')}\n`).join('')
