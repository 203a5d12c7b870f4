import type { Reply } from './connection.ts'

/** What `INFO` says that we decide by. */
export interface Info {
  readonly runId: string
  readonly engine: 'Redis' | 'Valkey'
  /** `8.0.2`; of Valkey its own version, not the Redis version it answers for compatibility. */
  readonly version: string
  readonly role: 'primary' | 'replica'
  readonly loading: boolean
  readonly usedMemoryBytes: number
  readonly maxmemoryBytes: number
  readonly maxmemoryPolicy: string
  readonly appendOnly: boolean
  /** What went wrong last when files were written. */
  readonly file: {
    readonly appendFailed: boolean
    readonly rewriteFailed: boolean
    readonly snapshotFailed: boolean
  }
  readonly evictedKeys: number
  readonly keyspace: Keyspace
  /** Keys of database 1, where a flush of everybody puts sessions. */
  readonly asideKeys: number
  readonly replication: Replication
}

/** The replication part of `INFO`, of a primary or a replica. */
export interface Replication {
  /** Of the history of writes that this node's data belongs to (`master_replid`). */
  readonly id: string
  /** The history that it followed until it was promoted (`master_replid2`), or undefined. */
  readonly earlierId: string | undefined
  /** How far in that history, in bytes (`master_repl_offset`). */
  readonly offset: number
  /** Host of the primary that a replica was told to follow. */
  readonly primaryHost: string | undefined
  /** A replica's link to its primary is up; false for a primary. */
  readonly linkUp: boolean
  /** A replica is taking over its primary's whole data: what it holds is no full set. */
  readonly syncing: boolean
  /** Seconds since a replica last heard from its primary, with a link or since it broke; undefined when it never had one. */
  readonly lastIoSeconds: number | undefined
  /** Replicas that a primary has sent its whole data (`state=online`), by address; they may not have read all of it yet. */
  readonly onlineReplicas: readonly string[]
}

/** Keys of database 0. */
export interface Keyspace {
  readonly keys: number
  readonly expires: number
}

/** The fields of an `INFO` reply. */
export const parseFields = (reply: Reply): ReadonlyMap<string, string> => {
  const fields = new Map<string, string>()
  for (const line of String(reply).split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return fields
}

const parseKeyspace = (text: string | undefined): Keyspace => ({
  keys: Number(/keys=([0-9]+)/.exec(text ?? '')?.[1] ?? 0),
  expires: Number(/expires=([0-9]+)/.exec(text ?? '')?.[1] ?? 0),
})

const noHistory = /^0+$/

const parseReplication = (fields: ReadonlyMap<string, string>): Replication => {
  const earlierId = fields.get('master_replid2')
  const known = (name: string) => Number(fields.get(name) ?? -1)
  const lastIo = known('master_last_io_seconds_ago')
  const lastHeard = lastIo >= 0 ? lastIo : known('master_link_down_since_seconds')
  const replicas = [...fields].filter(([name]) => /^slave[0-9]+$/.test(name)).map(([, value]) => value)
  return {
    id: fields.get('master_replid') ?? '',
    earlierId: earlierId === undefined || noHistory.test(earlierId) ? undefined : earlierId,
    offset: Number(fields.get('master_repl_offset') ?? 0),
    primaryHost: fields.get('master_host'),
    linkUp: fields.get('master_link_status') === 'up',
    syncing: fields.get('master_sync_in_progress') === '1',
    lastIoSeconds: lastHeard >= 0 ? lastHeard : undefined,
    onlineReplicas: replicas
      .filter((value) => value.includes('state=online'))
      .map((value) => /ip=([^,]+)/.exec(value)?.[1] ?? ''),
  }
}

/** Reads the reply of `INFO`. */
export const parseInfo = (reply: Reply): Info => {
  const fields = parseFields(reply)
  const number = (name: string) => Number(fields.get(name) ?? 0)
  return {
    runId: fields.get('run_id') ?? '',
    engine: fields.has('valkey_version') ? 'Valkey' : 'Redis',
    version: fields.get('valkey_version') ?? fields.get('redis_version') ?? '',
    role: fields.get('role') === 'slave' ? 'replica' : 'primary',
    loading: fields.get('loading') === '1',
    usedMemoryBytes: number('used_memory'),
    maxmemoryBytes: number('maxmemory'),
    maxmemoryPolicy: fields.get('maxmemory_policy') ?? '',
    appendOnly: fields.get('aof_enabled') === '1',
    file: {
      appendFailed: fields.get('aof_last_write_status') === 'err',
      rewriteFailed: fields.get('aof_last_bgrewrite_status') === 'err',
      snapshotFailed: fields.get('rdb_last_bgsave_status') === 'err',
    },
    evictedKeys: number('evicted_keys'),
    keyspace: parseKeyspace(fields.get('db0')),
    asideKeys: parseKeyspace(fields.get('db1')).keys,
    replication: parseReplication(fields),
  }
}
