import { redisThrough } from './fixtures.ts'
import type { Suite } from './suite.ts'
import { openTunnel } from './tunnel.ts'

/** Logs in from the pod `client` as an application would and writes a session: `OK`, or what Redis said. */
export const canLogIn = async (
  { cluster, objects, namespace }: Pick<Suite, 'cluster' | 'objects' | 'namespace'>,
  name: string,
  login: Readonly<Record<string, string>>,
): Promise<string> => {
  const { clusterIP } = (await objects.get('service', name, namespace))['spec'] as { clusterIP: string }
  const tunnel = await openTunnel(cluster, namespace, 'client', clusterIP, Number(login['port'] ?? 6379))
  const redis = redisThrough(tunnel, login)
  try {
    return await redis.set('shop:session:login', 'v', 'EX', 60)
  } catch (error) {
    return String(error)
  } finally {
    redis.disconnect()
    await tunnel.close()
  }
}
