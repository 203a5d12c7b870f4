import { configMaps, type ConfigMap } from '../../kubernetes/kinds.ts'
import { redisConf, type ServerConfig } from '../../redis/config.ts'
import { objectNames, ownedMetadata, storeName, type Owner } from '../names.ts'
import type { Desired } from './desired.ts'

/** What servers without a certificate read. */
export const configKey = 'redis.conf'
/** What servers with one read: a server that was started without could not start again with it. */
export const tlsConfigKey = 'redis-tls.conf'

/** The server's configuration. Live settings are in it too, so that a restarted container begins where it was. */
export const configMap = (store: Owner, config: ServerConfig): Desired<ConfigMap> => ({
  resource: configMaps,
  object: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(store, objectNames(storeName(store)).config),
    data: {
      [configKey]: redisConf({ ...config, tls: undefined }),
      ...(config.tls ? { [tlsConfigKey]: redisConf(config) } : {}),
    },
  },
})

/** The `maxmemory` that a store was last configured with, in bytes. */
export const configuredMaxmemory = (config: ConfigMap | undefined): number | undefined => {
  const match = /^maxmemory ([0-9]+)$/m.exec(config?.data?.[configKey] ?? '')
  return match ? Number(match[1]) : undefined
}
