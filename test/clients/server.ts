import type { Redis } from 'ioredis'
import { derivedPassword, readMasterKey } from '../e2e/derived-password.ts'
import { redisThrough } from '../e2e/fixtures.ts'
import { secretData } from '../e2e/objects.ts'
import type { Suite } from '../e2e/suite.ts'
import { openTunnel } from '../e2e/tunnel.ts'

/** A store's server as the operator sees it: what tests compare its words with. */
export interface Server {
  /** Keys, whoever wrote them. */
  keys(): Promise<number>
  /** Commands that a client sent and had no right to, each once. */
  deniedCommands(): Promise<readonly string[]>
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
  return {
    keys: () => redis.dbsize(),
    deniedCommands: async () => {
      const entries = (await redis.call('ACL', 'LOG')) as readonly (readonly unknown[])[]
      const denied = entries.map(fields).filter(({ reason }) => reason === 'command')
      return [...new Set(denied.map(({ object }) => object ?? ''))]
    },
    close: async () => {
      redis.disconnect()
      await tunnel.close()
    },
  }
}

/** Pairs of names and values, as RESP 2 carries a map. */
const fields = (entry: readonly unknown[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    entry.flatMap((value, index) => (index % 2 === 0 ? [[String(value), String(entry[index + 1])]] : [])),
  )
