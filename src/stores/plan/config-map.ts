import { configMaps, type ConfigMap } from '../../kubernetes/kinds.ts'
import { redisConf, type ServerConfig } from '../../redis/config.ts'
import { objectNames, ownedMetadata, storeName, type Owner } from '../names.ts'
import type { Desired } from './desired.ts'

export const configKey = 'redis.conf'

/** The server's configuration. Live settings are in it too, so that a restarted container begins where it was. */
export const configMap = (store: Owner, config: ServerConfig): Desired<ConfigMap> => ({
  resource: configMaps,
  object: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(store, objectNames(storeName(store)).config),
    data: { [configKey]: redisConf(config) },
  },
})

/** The `maxmemory` that a store was last configured with, in bytes. */
export const configuredMaxmemory = (config: ConfigMap | undefined): number | undefined => {
  const match = /^maxmemory ([0-9]+)$/m.exec(config?.data?.[configKey] ?? '')
  return match ? Number(match[1]) : undefined
}
