import { Redis } from 'ioredis'
import type { BinaryReply, Command, Endpoint, Login, RedisCallOptions, RedisConnection, Reply } from './connection.ts'
import { RedisError, replyError } from './errors.ts'
import { tlsConnector, type TlsPeer } from './tls-peer.ts'

/** How long a connection may take to be made and logged in, in ms. */
const connectTimeoutMs = 3_000
/** How long one reply may take, in ms. The slowest command of ours is a page of a sweep, a few ms. */
const replyTimeoutMs = 10_000

/** How long the other side may take to close a connection that we close, in ms. */
const disconnectTimeoutMs = 100

export interface ConnectOptions extends RedisCallOptions {
  /** Shown by `CLIENT LIST`. */
  readonly name?: string
  /** With it the connection is encrypted. */
  readonly tls?: TlsPeer | undefined
}

/** Opens a connection and logs in. Throws a `RedisError`. */
export const connect = async (
  endpoint: Endpoint,
  login: Login,
  options: ConnectOptions = {},
): Promise<RedisConnection> => {
  const redis = new Redis({
    ...endpoint,
    ...(options.tls ? { Connector: tlsConnector(endpoint, options.tls) } : {}),
    ...login,
    ...(options.name === undefined ? {} : { connectionName: options.name }),
    lazyConnect: true,
    connectTimeout: options.timeoutMs ?? connectTimeoutMs,
    // A frozen process does not close its side: whoever waits for the connection's end must not wait for that (ioredis' default: 2 s).
    disconnectTimeout: disconnectTimeoutMs,
    // What was connected before a new leader took over is cut by it, and must not come back by itself.
    retryStrategy: null,
    reconnectOnError: null,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    disableClientInfo: true,
  })
  // Without a listener ioredis writes to the console; the failed call carries the error to us.
  let cause: Error | undefined
  redis.on('error', (error: Error) => {
    cause = error
  })
  const abort = () => redis.disconnect()
  options.signal?.addEventListener('abort', abort, { once: true })
  try {
    // ioredis connects even when HELLO or AUTH was refused: the first command tells.
    const open = async () => {
      await redis.connect()
      // Not PING: a replica without its primary refuses it with MASTERDOWN, as it does data (`replica-serve-stale-data no`).
      await redis.call('ACL', 'WHOAMI')
    }
    await withTimeout(open(), options.timeoutMs ?? connectTimeoutMs)
  } catch (error) {
    redis.disconnect()
    // A refused login closes the connection: the event says why, the call only that it is closed.
    throw failure('CONNECT', cause ?? error)
  } finally {
    options.signal?.removeEventListener('abort', abort)
  }
  return new IoredisConnection(redis)
}

/** ioredis' own timeout holds for a whole connection; ours differ by what is asked. */
const withTimeout = async <T>(work: Promise<T>, timeoutMs: number): Promise<T> => {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no reply within ${timeoutMs} ms`)), timeoutMs)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

const failure = (command: string, error: unknown): RedisError => {
  if (error instanceof Error && error.name === 'ReplyError') return replyError(command, error.message)
  if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED')
    return new RedisError('notListening', command, 'nothing listens there')
  return new RedisError('unreachable', command, error instanceof Error ? error.message : 'failed')
}

const label = (command: Command): string =>
  ['ACL', 'CLIENT', 'CONFIG'].includes(command[0]) ? `${command[0]} ${String(command[1] ?? '')}` : command[0]

class IoredisConnection implements RedisConnection {
  readonly #redis: Redis
  #closed = false

  constructor(redis: Redis) {
    this.#redis = redis
  }

  get open(): boolean {
    return !this.#closed && this.#redis.status === 'ready'
  }

  async call(command: Command, options: RedisCallOptions = {}): Promise<Reply> {
    const [name, ...rest] = command
    return (await this.#reply(command, options, () => this.#redis.call(name, ...rest))) as Reply
  }

  async callBinary(command: Command, options: RedisCallOptions = {}): Promise<BinaryReply> {
    const [name, ...rest] = command
    return (await this.#reply(command, options, () => this.#redis.callBuffer(name, ...rest))) as BinaryReply
  }

  async #reply(command: Command, options: RedisCallOptions, send: () => Promise<unknown>): Promise<unknown> {
    options.signal?.throwIfAborted()
    try {
      return await withTimeout(send(), options.timeoutMs ?? replyTimeoutMs)
    } catch (error) {
      throw this.#closeUnlessReply(failure(label(command), error))
    }
  }

  async transaction(commands: readonly Command[], options: RedisCallOptions = {}): Promise<readonly Reply[]> {
    options.signal?.throwIfAborted()
    const multi = this.#redis.multi()
    for (const [name, ...rest] of commands) multi.call(name, ...rest)
    let results: readonly (readonly [Error | null, unknown])[] | null
    try {
      results = await withTimeout(multi.exec(), options.timeoutMs ?? replyTimeoutMs)
    } catch (error) {
      // EXECABORT: the reason is in the reply of the command that was not queued, such as OOM at maxmemory.
      const [queued] = (error as { previousErrors?: readonly Error[] }).previousErrors ?? []
      throw this.#closeUnlessReply(failure('EXEC', queued ?? error))
    }
    if (!results) throw new RedisError('refused', 'EXEC', 'the transaction was discarded')
    return results.map(([error, reply], index) => {
      const command = commands[index]
      if (error) throw failure(command ? label(command) : 'EXEC', error)
      return reply as Reply
    })
  }

  async listen(
    channels: readonly string[],
    onMessage: (channel: string, message: Buffer) => void,
    options: RedisCallOptions = {},
  ): Promise<void> {
    this.#redis.on('messageBuffer', (channel: Buffer, message: Buffer) => onMessage(channel.toString(), message))
    await this.#reply(['SUBSCRIBE'], options, () => this.#redis.subscribe(...channels))
  }

  onClose(listener: () => void): void {
    this.#redis.once('close', listener)
  }

  /** Once: each `disconnect` of ioredis 5 adds a listener to the socket, and that of a frozen process takes two seconds to close. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#redis.disconnect()
  }

  /** A call that timed out leaves a reply under way: what comes next on this connection could be taken for another's. */
  #closeUnlessReply(error: RedisError): RedisError {
    if (error.kind === 'unreachable' || error.kind === 'notListening') this.close()
    return error
  }
}
