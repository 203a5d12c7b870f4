import type { Logger } from '../kubernetes/logger.ts'
import type { Pod } from '../kubernetes/kinds.ts'
import { operatorUser } from '../redis/acl.ts'
import { port } from '../redis/config.ts'
import type { Command, Login, RedisCallOptions, RedisConnection, Reply } from '../redis/connection.ts'
import { RedisError } from '../redis/errors.ts'
import { connect } from '../redis/ioredis-connection.ts'

export interface ConnectionsOptions {
  /** Reads the lease live. Throws when this process is not the leader. */
  readonly confirmLeadership: () => Promise<void>
  /** Throws a `LeaseLostError` when this process may no longer be the leader, by its own clock. */
  readonly guard: () => void
  readonly log: Logger
}

/**
 * The operator's connections to Redis, one per pod. Each is opened, then the lease is read live, and only then is it used: what an
 * earlier leader had open is cut by the first of ours, and what it opens later finds the lease taken. And each command asks the guard
 * first, so a process that was stopped and wakes after its lease has passed sends nothing.
 */
export class Connections {
  readonly #options: ConnectionsOptions
  readonly #byPod = new Map<string, Promise<RedisConnection>>()
  /** Pods on which this leader has already cut its predecessor. */
  readonly #taken = new Set<string>()

  constructor(options: ConnectionsOptions) {
    this.#options = options
  }

  /** The connection to the Redis of a pod, opened when there is none. Throws a `RedisError` or a `LeaseLostError`. */
  async node(pod: Pod, login: Login, options: RedisCallOptions = {}): Promise<RedisConnection> {
    const uid = pod.metadata.uid ?? ''
    const known = this.#byPod.get(uid)
    if (known) {
      const connection = await known.catch(() => undefined)
      if (connection?.open) return connection
      if (this.#byPod.get(uid) === known) this.#byPod.delete(uid)
    }
    // One at a time for each pod: a second one would take the first for an earlier leader's, and cut it.
    const opening = this.#byPod.get(uid) ?? this.#open(pod, login, options)
    this.#byPod.set(uid, opening)
    return await opening
  }

  async #open(pod: Pod, login: Login, options: RedisCallOptions): Promise<RedisConnection> {
    const uid = pod.metadata.uid ?? ''
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
    return new GuardedConnection(connection, this.#options.guard)
  }

  /** Closes what belongs to a pod that is gone. */
  forget(podUid: string): void {
    this.#close(podUid)
    this.#byPod.delete(podUid)
    this.#taken.delete(podUid)
  }

  closeAll(): void {
    for (const uid of this.#byPod.keys()) this.#close(uid)
    this.#byPod.clear()
  }

  #close(podUid: string): void {
    this.#byPod.get(podUid)?.then(
      (connection) => connection.close(),
      () => undefined,
    )
  }
}

class GuardedConnection implements RedisConnection {
  readonly #connection: RedisConnection
  readonly #guard: () => void

  constructor(connection: RedisConnection, guard: () => void) {
    this.#connection = connection
    this.#guard = guard
  }

  get open(): boolean {
    return this.#connection.open
  }

  async call(command: Command, options?: RedisCallOptions): Promise<Reply> {
    this.#guard()
    return await this.#connection.call(command, options)
  }

  async transaction(commands: readonly Command[], options?: RedisCallOptions): Promise<readonly Reply[]> {
    this.#guard()
    return await this.#connection.transaction(commands, options)
  }

  close(): void {
    this.#connection.close()
  }
}
