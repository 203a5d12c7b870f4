import type { Logger } from '../kubernetes/logger.ts'
import type { Clock } from '../kubernetes/clock.ts'
import type { ObjectName } from '../kubernetes/objects.ts'
import { operatorUser } from '../redis/acl.ts'
import { port, tlsPort } from '../redis/config.ts'
import type {
  BinaryReply,
  Command,
  Endpoint,
  Login,
  RedisCallOptions,
  RedisConnection,
  Reply,
} from '../redis/connection.ts'
import { isRedisError, RedisError } from '../redis/errors.ts'
import { connect, type ConnectOptions } from '../redis/ioredis-connection.ts'
import type { TlsPeer } from '../redis/tls-peer.ts'

export interface ConnectionsOptions {
  /** Reads the lease live. Throws when this process is not the leader. */
  readonly confirmLeadership: () => Promise<void>
  /** Throws a `LeaseLostError` when this process may no longer be the leader, by its own clock. */
  readonly guard: () => void
  readonly log: Logger
  readonly clock: Clock
  /** Called when a connection breaks that nobody here closed: the process may have ended. */
  readonly onLost: (owner: ObjectName) => void
}

/** A process to connect to. */
export interface Target {
  /** UID of the pod. */
  readonly uid: string
  readonly name: string
  readonly address: string | undefined
  /** How to tell it from others by TLS; undefined of one that does not speak it. Asked when a connection is made. */
  readonly tls: (() => Promise<TlsPeer>) | undefined
  /** The SessionStore. */
  readonly owner: ObjectName
}

/** A process whose loss must be noticed at once is asked this often, and given this long to answer, in ms. */
const heartbeatMs = 1_000

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
  readonly #watched = new Set<string>()
  readonly #closing = new Set<string>()

  constructor(options: ConnectionsOptions) {
    this.#options = options
  }

  /** The connection to the Redis of a pod, by the first of the logins that it takes; opened when there is none. Throws a `RedisError` or a `LeaseLostError`. */
  async node(
    target: Target,
    logins: readonly [Login, ...Login[]],
    options: RedisCallOptions = {},
  ): Promise<RedisConnection> {
    const { uid } = target
    const known = this.#byPod.get(uid)
    if (known) {
      const connection = await known.catch(() => undefined)
      if (connection?.open) return connection
      if (this.#byPod.get(uid) === known) this.#byPod.delete(uid)
    }
    // One at a time for each pod: a second one would take the first for an earlier leader's, and cut it.
    const opening = this.#byPod.get(uid) ?? this.#open(target, logins, options)
    this.#byPod.set(uid, opening)
    return await opening
  }

  /**
   * A connection beside that one, for work that takes long: `CLIENT PAUSE` and slow replies hold up whatever comes after them on the same connection. The
   * caller closes it. Throws a `RedisError` or a `LeaseLostError`.
   */
  async separate(
    target: Target,
    logins: readonly [Login, ...Login[]],
    options: RedisCallOptions = {},
  ): Promise<RedisConnection> {
    const connection = await connectTo(target, logins, options)
    try {
      // Work that reads every session must not make idle ones seem used (7.2 and later).
      await connection.call(['CLIENT', 'NO-TOUCH', 'ON'], options).catch((error: unknown) => {
        // A store that is paused since an earlier version of ours may not know of that right.
        if (!isRedisError(error, 'denied')) throw error
      })
      await this.#options.confirmLeadership()
    } catch (error) {
      connection.close()
      throw error
    }
    return new GuardedConnection(connection, this.#options.guard)
  }

  async #open(
    target: Target,
    logins: readonly [Login, ...Login[]],
    options: RedisCallOptions,
  ): Promise<RedisConnection> {
    const { uid, name, owner } = target
    const connection = await connectTo(target, logins, options)
    try {
      await this.#options.confirmLeadership()
      if (!this.#taken.has(uid)) {
        const cut = await connection.call(['CLIENT', 'KILL', 'USER', operatorUser, 'SKIPME', 'yes'], options)
        if (Number(cut) > 0) this.#options.log.info({ pod: name, cut }, 'Cut the connections of an earlier leader')
        this.#taken.add(uid)
      }
    } catch (error) {
      connection.close()
      throw error
    }
    connection.onClose(() => {
      if (this.#closing.delete(uid)) return
      this.#options.onLost(owner)
    })
    return new GuardedConnection(connection, this.#options.guard)
  }

  /** From now on asks the process every second whether it answers; when it does not, its connection is closed, and `onLost` told. */
  watch(uid: string): void {
    if (this.#watched.has(uid)) return
    this.#watched.add(uid)
    void this.#beat(uid).finally(() => this.#watched.delete(uid))
  }

  async #beat(uid: string): Promise<void> {
    try {
      for (;;) {
        const connection = await this.#byPod.get(uid)
        if (!connection?.open) return
        await connection.call(['PING'], { timeoutMs: heartbeatMs })
        await this.#options.clock.sleep(heartbeatMs)
      }
    } catch {
      // The connection is closed by now, and its owner knows; or we lead no more.
    }
  }

  /** The pod is gone, as far as the API server knows: nothing is remembered of it when its connection has closed, too. */
  forget(uid: string): void {
    this.#byPod.get(uid)?.then(
      (connection) => {
        if (connection.open) connection.onClose(() => this.#drop(uid))
        else this.#drop(uid)
      },
      () => this.#drop(uid),
    )
  }

  #drop(uid: string): void {
    this.#byPod.delete(uid)
    this.#taken.delete(uid)
  }

  closeAll(): void {
    for (const uid of this.#byPod.keys()) this.#close(uid)
    this.#byPod.clear()
  }

  #close(podUid: string): void {
    this.#byPod.get(podUid)?.then(
      (connection) => {
        this.#closing.add(podUid)
        connection.close()
      },
      () => undefined,
    )
  }
}

const connectTo = async (
  { address, tls }: Target,
  logins: readonly [Login, ...Login[]],
  options: RedisCallOptions,
): Promise<RedisConnection> => {
  if (address === undefined) throw new RedisError('unreachable', 'CONNECT', 'the pod has no address yet')
  const endpoint = { host: address, port: tls ? tlsPort : port }
  return await connectWithAny(endpoint, logins, { ...options, tls: await tls?.(), name: 'operator' })
}

const connectWithAny = async (
  endpoint: Endpoint,
  [login, ...others]: readonly [Login, ...Login[]],
  options: ConnectOptions,
): Promise<RedisConnection> => {
  try {
    return await connect(endpoint, login, options)
  } catch (error) {
    const [next, ...rest] = others
    if (!next || !isRedisError(error, 'denied')) throw error
    return await connectWithAny(endpoint, [next, ...rest], options)
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

  async callBinary(command: Command, options?: RedisCallOptions): Promise<BinaryReply> {
    this.#guard()
    return await this.#connection.callBinary(command, options)
  }

  async transaction(commands: readonly Command[], options?: RedisCallOptions): Promise<readonly Reply[]> {
    this.#guard()
    return await this.#connection.transaction(commands, options)
  }

  async listen(
    channels: readonly string[],
    onMessage: (channel: string, message: Buffer) => void,
    options?: RedisCallOptions,
  ): Promise<void> {
    this.#guard()
    await this.#connection.listen(channels, onMessage, options)
  }

  onClose(listener: () => void): void {
    this.#connection.onClose(listener)
  }

  close(): void {
    this.#connection.close()
  }
}
