/** Settings of `redis.conf`, in the order in which they are written. */
export type Settings = Readonly<Record<string, string>>

export interface ServerConfig {
  readonly maxmemoryBytes: number
  readonly evictionPolicy: string
  readonly appendOnly: boolean
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

/** What holds from the start of the process to its end. A change here needs a restart. */
export const startSettings = (): Settings => ({
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
})

/** A `redis.conf`. Holds no secret. */
export const redisConf = (config: ServerConfig): string =>
  Object.entries({ ...startSettings(), ...liveSettings(config) })
    .map(([name, value]) => `${name} ${value}\n`)
    .join('')
