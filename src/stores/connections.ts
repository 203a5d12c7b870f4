import type { Logger } from '../kubernetes/logger.ts'
import type { Pod } from '../kubernetes/kinds.ts'
import { operatorUser } from '../redis/acl.ts'
import { port } from '../redis/config.ts'
import type { Login, RedisCallOptions, RedisConnection } from '../redis/connection.ts'
import { RedisError } from '../redis/errors.ts'
import { connect } from '../redis/ioredis-connection.ts'

export interface ConnectionsOptions {
  /** Reads the lease live. Throws when this process is not the leader. */
  readonly confirmLeadership: () => Promise<void>
  readonly log: Logger
}

/**
 * The operator's connections to Redis, one per pod. Each is opened, then the lease is read live, and only then is it used: what an
 * earlier leader had open is cut by the first of ours, and what it opens later finds the lease taken.
 */
export class Connections {
  readonly #options: ConnectionsOptions
  readonly #byPod = new Map<string, RedisConnection>()
  /** Pods on which this leader has already cut its predecessor. */
  readonly #taken = new Set<string>()

  constructor(options: ConnectionsOptions) {
    this.#options = options
  }

  /** The connection to the Redis of a pod, opened when there is none. Throws a `RedisError` or a `LeaseLostError`. */
  async node(pod: Pod, login: Login, options: RedisCallOptions = {}): Promise<RedisConnection> {
    const uid = pod.metadata.uid ?? ''
    const known = this.#byPod.get(uid)
    if (known?.open) return known
    this.#byPod.delete(uid)
    const host = pod.status?.podIP
    if (host === undefined) throw new RedisError('unreachable', 'CONNECT', 'the pod has no address yet')
    const connection = await connect({ host, port }, login, { ...options, name: 'operator' })
    try {
      await this.#options.confirmLeadership()
      if (!this.#taken.has(uid)) {
        const cut = await connection.call(['CLIENT', 'KILL', 'USER', operatorUser, 'SKIPME', 'yes'], options)
        if (Number(cut) > 0)
          this.#options.log.info({ pod: pod.metadata.name, cut }, 'Cut the connections of an earlier leader')
        this.#taken.add(uid)
      }
    } catch (error) {
      connection.close()
      throw error
    }
    this.#byPod.set(uid, connection)
    return connection
  }

  /** Closes what belongs to a pod that is gone. */
  forget(podUid: string): void {
    this.#byPod.get(podUid)?.close()
    this.#byPod.delete(podUid)
    this.#taken.delete(podUid)
  }

  closeAll(): void {
    for (const connection of this.#byPod.values()) connection.close()
    this.#byPod.clear()
  }
}
