/** Settings of `redis.conf`, in the order in which they are written. */
export type Settings = Readonly<Record<string, string>>

export interface ServerConfig {
  readonly maxmemoryBytes: number
  readonly evictionPolicy: string
  readonly appendOnly: boolean
  readonly replicated: boolean
}

/** Where the ACL file lies: on an emptyDir, so that `ACL SAVE` can write it and a restarted container reads what was last decided. */
export const aclPath = '/acl/users.acl'
export const dataPath = '/data'
export const port = 6379

/** What a running server can take by `CONFIG SET` (flags in redis/src/config.c): never a reason to restart it. */
export const liveSettings = (config: ServerConfig): Settings => ({
  maxmemory: String(config.maxmemoryBytes),
  'maxmemory-policy': config.evictionPolicy,
  appendonly: config.appendOnly ? 'yes' : 'no',
})

/**
 * Where every node of a Replicated store looks for its primary until the operator tells it of one: nobody listens there, so none is a primary
 * by itself. Who asks a node in this state for its data gets `-NOMASTERLINK` and keeps what it has (src/replication.c, `syncCommand`): an empty
 * node that starts wipes nobody.
 */
export const deadAddress = ['127.0.0.1', 1] as const

/**
 * A primary that has not heard from any replica for this long, in s, acknowledges no write any more (`min-replicas-max-lag`). Redis looks once a
 * second and compares whole seconds, so the last write is acknowledged up to two seconds later.
 */
export const maxLagSeconds = 2

/** Memory for what a replica that was away for a moment has missed. Redis does not count it to `maxmemory`. */
export const backlogBytes = 16 * 2 ** 20

const replicationSettings: Settings = {
  replicaof: deadAddress.join(' '),
  // Not before the operator has given it a primary: an application that came here would find nobody logged in.
  'replica-serve-stale-data': 'no',
  'repl-diskless-sync-delay': '0',
  'repl-diskless-load': 'on-empty-db',
  // What a full synchronisation leaves on disk holds sessions.
  'rdb-del-sync-files': 'yes',
  'repl-ping-replica-period': '1',
  'repl-backlog-size': String(backlogBytes),
  // Its end would begin a new history, which no replica that is away could go on with.
  'repl-backlog-ttl': '0',
  'min-replicas-max-lag': String(maxLagSeconds),
}

/** What holds from the start of the process to its end. A change here needs a restart. */
export const startSettings = (replicated: boolean): Settings => ({
  port: String(port),
  // Who may come in is decided by the NetworkPolicy and the ACL: `protected-mode` would refuse everybody but loopback.
  'protected-mode': 'no',
  aclfile: aclPath,
  dir: dataPath,
  // One database: the clients' ACL cannot tell databases apart.
  databases: '1',
  // No snapshots: they would keep sessions that were revoked.
  save: '""',
  appendfsync: 'everysec',
  // Key names are credentials: neither log may hold them.
  'acllog-max-len': '0',
  'slowlog-log-slower-than': '-1',
  'lazyfree-lazy-user-flush': 'yes',
  timeout: '0',
  'tcp-keepalive': '60',
  ...(replicated ? replicationSettings : {}),
})

/** A `redis.conf`. Holds no secret. */
export const redisConf = (config: ServerConfig): string =>
  Object.entries({ ...startSettings(config.replicated), ...liveSettings(config) })
    .map(([name, value]) => `${name} ${value}\n`)
    .join('')
