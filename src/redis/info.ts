import type { Reply } from './connection.ts'

/** What `INFO` says that we decide by. */
export interface Info {
  readonly runId: string
  /** `8.0.2`; of Valkey its own version, not the Redis version it answers for compatibility. */
  readonly version: string
  readonly role: 'primary' | 'replica'
  readonly loading: boolean
  readonly usedMemoryBytes: number
  readonly maxmemoryBytes: number
  readonly maxmemoryPolicy: string
  readonly appendOnly: boolean
  readonly evictedKeys: number
  readonly keyspace: Keyspace
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

/** Reads the reply of `INFO`. */
export const parseInfo = (reply: Reply): Info => {
  const fields = parseFields(reply)
  const number = (name: string) => Number(fields.get(name) ?? 0)
  return {
    runId: fields.get('run_id') ?? '',
    version: fields.get('valkey_version') ?? fields.get('redis_version') ?? '',
    role: fields.get('role') === 'slave' ? 'replica' : 'primary',
    loading: fields.get('loading') === '1',
    usedMemoryBytes: number('used_memory'),
    maxmemoryBytes: number('maxmemory'),
    maxmemoryPolicy: fields.get('maxmemory_policy') ?? '',
    appendOnly: fields.get('aof_enabled') === '1',
    evictedKeys: number('evicted_keys'),
    keyspace: parseKeyspace(fields.get('db0')),
  }
}
