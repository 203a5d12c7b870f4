import type { Redis } from 'ioredis'
import { waitUntil } from '../cluster/wait-until.ts'
import { derivedPassword, readMasterKey } from '../e2e/derived-password.ts'
import { redisThrough } from '../e2e/fixtures.ts'
import { secretData } from '../e2e/objects.ts'
import type { Suite } from '../e2e/suite.ts'
import { openTunnel } from '../e2e/tunnel.ts'

/** A store's server as the operator sees it: what tests compare its words with. */
export interface Server {
  /** Keys, whoever wrote them. */
  keys(): Promise<number>
  /** Keys under the prefix of these tests that `counts`. */
  sessions(counts: (key: string) => boolean): Promise<number>
  /** Deletes them, as somebody would who knows no better. */
  deleteSessions(): Promise<void>
  /** Time to live of each key that `counts`, in ms; -1: none. */
  timesToLive(counts: (key: string) => boolean): Promise<readonly number[]>
  /** Lets every key end now, as if its time had come. */
  endAll(): Promise<void>
  /** Commands that somebody sent and had no right to, each once, since this was opened. */
  deniedCommands(): Promise<readonly string[]>
  /** Such as `Redis 8.0.2`. */
  version(): Promise<string>
  close(): Promise<void>
}

/** Logs in to a store's server with the operator's password, which only who reads the operator's namespace can know. */
export const openServer = async ({ cluster, objects, namespace }: Suite, store: string): Promise<Server> => {
  const { metadata } = await objects.get('sessionstore', store, namespace)
  const { clusterIP } = (await objects.get('service', store, namespace))['spec'] as { clusterIP: string }
  const secret = secretData(await objects.get('secret', `${store}-web`, namespace))
  const tunnel = await openTunnel(cluster, namespace, 'client', clusterIP, Number(secret['port']))
  const password = derivedPassword(await readMasterKey(objects), 'operator', metadata.uid)
  const redis: Redis = redisThrough(tunnel, { ...secret, username: 'operator', password })
  const before = await rejected(redis)
  return {
    keys: () => redis.dbsize(),
    sessions: async (counts) =>
      (await allKeys(redis)).filter((key) => key.startsWith('shop:session:') && counts(key)).length,
    deleteSessions: async () => {
      for (const key of await allKeys(redis)) if (key.startsWith('shop:session:')) await redis.unlink(key)
    },
    timesToLive: async (counts) => {
      const keys = (await allKeys(redis)).filter((key) => counts(key))
      return await Promise.all(keys.map(async (key) => redis.pttl(key)))
    },
    endAll: async () => {
      for (const key of await allKeys(redis)) await redis.pexpire(key, 1)
      await waitUntil('every key has ended', async () => (await redis.dbsize()) === 0, { timeoutMs: 10_000 })
    },
    deniedCommands: async () =>
      [...(await rejected(redis))].flatMap(([name, calls]) => (calls > (before.get(name) ?? 0) ? [name] : [])),
    version: async () => {
      const info = await redis.info('server')
      const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1]
      return valkey === undefined ? `Redis ${/^redis_version:(\S+)/m.exec(info)?.[1]}` : `Valkey ${valkey}`
    },
    close: async () => {
      redis.disconnect()
      await tunnel.close()
    },
  }
}

const allKeys = async (redis: Redis): Promise<readonly string[]> => {
  const keys = new Set<string>()
  let cursor = '0'
  do {
    const [next, page] = await redis.scan(cursor, 'COUNT', 1000)
    for (const key of page) keys.add(key)
    cursor = next
  } while (cursor !== '0')
  return [...keys]
}

/**
 * How often each command was rejected before it ran: for want of rights, or because a replica has no primary yet. Not `ACL LOG`: the store keeps none, for it has
 * key names in it.
 */
const rejected = async (redis: Redis): Promise<ReadonlyMap<string, number>> => {
  const stats = await redis.info('commandstats')
  const lines = stats.matchAll(/^cmdstat_([^:]+):.*rejected_calls=([0-9]+)/gm)
  return new Map([...lines].map(([, name = '', calls]) => [name, Number(calls)]))
}
