import type { OwnCredentialStatus, SessionStoreStatus } from '../../src/api/session-store-status.ts'
import { redisThrough } from './fixtures.ts'
import type { KubeObject } from './objects.ts'
import type { Suite } from './suite.ts'
import { openTunnel } from './tunnel.ts'

export const ownCredentialsOf = (object: KubeObject): OwnCredentialStatus | undefined =>
  ((object['status'] ?? {}) as SessionStoreStatus).ownCredentials

/** Waits until the operator's own passwords are as `holds` wants them, and no node lets in by those of before. */
export const untilOwn = async (
  { objects, namespace }: Suite,
  name: string,
  holds: (own: OwnCredentialStatus) => boolean,
): Promise<void> => {
  await objects.until('sessionstore', name, namespace, 'own passwords new', (each) => {
    const own = ownCredentialsOf(each)
    return own !== undefined && own.changing !== true && holds(own)
  })
}

/** What Redis says to who logs in as one of the operator's own users from the client's pod: who they are, or why not. */
export const whoAmI = async (
  { cluster, objects, namespace }: Suite,
  name: string,
  username: 'operator' | 'replication',
  password: string,
): Promise<string> => {
  const { clusterIP } = (await objects.get('service', name, namespace))['spec'] as { clusterIP: string }
  const tunnel = await openTunnel(cluster, namespace, 'client', clusterIP, 6379)
  const redis = redisThrough(tunnel, { username, password })
  try {
    return username === 'operator' ? String(await redis.call('ACL', 'WHOAMI')) : await redis.ping()
  } catch (error) {
    return String(error)
  } finally {
    redis.disconnect()
    await tunnel.close()
  }
}
