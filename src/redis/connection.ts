/** A reply of Redis, as RESP carries it. */
export type Reply = string | number | null | Error | readonly Reply[]

export type Argument = string | number | Buffer

/** A reply whose texts are bytes, as the server has them. */
export type BinaryReply = Buffer | number | null | readonly BinaryReply[]

/** A command and its arguments, such as `['ACL', 'SAVE']`. */
export type Command = readonly [string, ...Argument[]]

export interface RedisCallOptions {
  readonly signal?: AbortSignal
  /** How long to wait for the reply, in ms; then the connection is closed, since the reply may still come. Default 10,000. */
  readonly timeoutMs?: number
}

/**
 * One connection to one Redis process, and no other: it never reconnects and never sends a command twice. When it breaks,
 * every call that is under way fails with `RedisError` of kind `unreachable`, whether or not Redis carried it out.
 */
export interface RedisConnection {
  /** Runs one command. Throws a `RedisError`. */
  call(command: Command, options?: RedisCallOptions): Promise<Reply>
  /** Runs one command whose reply may hold any bytes. Throws a `RedisError`. */
  callBinary(command: Command, options?: RedisCallOptions): Promise<BinaryReply>
  /** `MULTI`, the commands, `EXEC` in one write. Throws a `RedisError` when any of them was refused. */
  transaction(commands: readonly Command[], options?: RedisCallOptions): Promise<readonly Reply[]>
  /** Listens to channels: from then on the connection can do nothing else. Resolves when it does. Throws a `RedisError`. */
  listen(
    channels: readonly string[],
    onMessage: (channel: string, message: Buffer) => void,
    options?: RedisCallOptions,
  ): Promise<void>
  /** False once it has broken or was closed. */
  readonly open: boolean
  /** Calls `listener` once when it has broken: the other side closed it, or it was closed here. */
  onClose(listener: () => void): void
  close(): void
}

export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface Login {
  readonly username: string
  readonly password: string
}
