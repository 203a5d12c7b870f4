import { databases } from './aside.ts'

/** Settings of `redis.conf`, in the order in which they are written. */
export type Settings = Readonly<Record<string, string>>

export interface ServerConfig {
  readonly maxmemoryBytes: number
  readonly evictionPolicy: string
  readonly persistence: PersistenceConfig
  readonly replicated: boolean
  /** Classes of `notify-keyspace-events` that the client needs. */
  readonly keyspaceEvents: string
  /** Undefined of a server that does not speak TLS. */
  readonly tls: TlsConfig | undefined
}

/** What a server writes to its disk. */
export type PersistenceConfig =
  | { readonly mode: 'None' | 'AppendOnly' }
  /** All of it, so often, in s, when anything has changed. */
  | { readonly mode: 'Snapshot'; readonly everySeconds: number }

/** How a server speaks TLS. */
export interface TlsConfig {
  /** It also serves those who do not. */
  readonly plaintext: boolean
  /** Who connects must show a certificate (`yes`), may (`optional`), or is not asked (`no`). */
  readonly clientCertificates: 'yes' | 'optional' | 'no'
}

/** Where the ACL file lies: on an emptyDir, so that `ACL SAVE` can write it and a restarted container reads what was last decided. */
export const aclPath = '/acl/users.acl'
export const dataPath = '/data'
export const port = 6379
/** Where TLS is spoken, beside or in place of the other one: applications can move while both are open. */
export const tlsPort = 6380
/** For the kubelet's probes: they work whatever ports and certificates there are. A certificate that has ended must not restart Redis. */
export const socketPath = '/run/redis/redis.sock'
export const tlsDirectory = '/tls'

/** Of keys that are new, and of those that expire or are evicted, by the kind of event: a guard listens for them. */
const guardEvents = 'xenE'

/** `notify-keyspace-events` as a server prints it (`keyspaceEventsFlagsToString`, 7.0 to 9.1): another order would seem to be a change. */
const keyspaceEvents = (ofClient: string): string =>
  'g$lshzxetdnKEm'
    .split('')
    .filter((each) => guardEvents.includes(each) || ofClient.includes(each))
    .join('')

/** What a running server can take by `CONFIG SET` (flags in redis/src/config.c): never a reason to restart it. */
export const liveSettings = (config: ServerConfig): Settings => ({
  maxmemory: String(config.maxmemoryBytes),
  'maxmemory-policy': config.evictionPolicy,
  appendonly: config.persistence.mode === 'AppendOnly' ? 'yes' : 'no',
  // One that nobody asked for would keep sessions that were revoked.
  save: config.persistence.mode === 'Snapshot' ? `${config.persistence.everySeconds} 1` : '',
  'notify-keyspace-events': keyspaceEvents(config.keyspaceEvents),
  ...(config.tls
    ? { port: String(config.tls.plaintext ? port : 0), 'tls-auth-clients': config.tls.clientCertificates }
    : {}),
})

/** The files of a version of a server's certificate; without one those that it reads when it starts. */
export const tlsFiles = (version?: string): Settings => {
  const name = (kind: string) => `${tlsDirectory}/${version === undefined ? '' : `${version}.`}${kind}`
  return { 'tls-cert-file': name('tls.crt'), 'tls-key-file': name('tls.key'), 'tls-ca-cert-file': name('ca.crt') }
}

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
export const startSettings = (replicated: boolean, tls: boolean): Settings => ({
  port: String(port),
  unixsocket: socketPath,
  unixsocketperm: '700',
  // Who may come in is decided by the NetworkPolicy and the ACL: `protected-mode` would refuse everybody but loopback.
  'protected-mode': 'no',
  aclfile: aclPath,
  dir: dataPath,
  // Clients have the first one. A flush of everybody puts sessions aside in the other.
  databases: String(databases),
  appendfsync: 'everysec',
  // A full disk must not keep people from logging in: it is told instead (condition Persisted).
  'stop-writes-on-bgsave-error': 'no',
  // Key names are credentials: neither log may hold them.
  'acllog-max-len': '0',
  'slowlog-log-slower-than': '-1',
  'lazyfree-lazy-user-flush': 'yes',
  timeout: '0',
  'tcp-keepalive': '60',
  ...(replicated ? replicationSettings : {}),
  ...(tls ? { 'tls-port': String(tlsPort), ...tlsFiles() } : {}),
})

/** A `redis.conf`. Holds no secret. */
export const redisConf = (config: ServerConfig): string =>
  Object.entries({ ...startSettings(config.replicated, config.tls !== undefined), ...liveSettings(config) })
    .map(([name, value]) => `${name} ${value === '' ? '""' : value}\n`)
    .join('')
