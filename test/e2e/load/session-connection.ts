import { Redis } from 'ioredis'
import type { Login } from '../../../src/redis/connection.ts'
import type { Encryption, WriterSettings } from './messages.ts'

/** Why an attempt failed, in one word: never the arguments, which hold keys and passwords. */
export class AttemptFailed extends Error {
  override readonly name = 'AttemptFailed'
  /** See `FailedAttempt.reason`. */
  readonly reason: string

  constructor(reason: string) {
    super(reason)
    this.reason = reason
  }
}

/** One connection of an application: never repairs itself, never sends a command twice. */
export interface SessionConnection {
  /** Writes a session as connect-redis does. Throws `AttemptFailed`. */
  set(key: string, session: string, ttlSeconds: number): Promise<void>
  close(): void
}

/** Connects and logs in. Throws `AttemptFailed`. */
export const openSessionConnection = async (
  { host, port, commandTimeoutMs }: Pick<WriterSettings, 'host' | 'port' | 'commandTimeoutMs'>,
  { username, password, tls }: Login & Encryption,
): Promise<SessionConnection> => {
  const redis = new Redis({
    host,
    port,
    username,
    password,
    ...(tls ? { tls } : {}),
    lazyConnect: true,
    retryStrategy: null,
    reconnectOnError: null,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    disableClientInfo: true,
  })
  // A refused login or a reset closes the connection: this event says why, the call that fails only that it is closed.
  let cause: unknown
  redis.on('error', (error: unknown) => {
    cause = error
  })
  const attempt = async (work: Promise<unknown>): Promise<void> => {
    try {
      await within(commandTimeoutMs, work)
    } catch (error) {
      redis.disconnect()
      throw new AttemptFailed(reasonOf(error) ?? reasonOf(cause) ?? 'CLOSED')
    }
  }
  await attempt(redis.connect())
  return {
    set: (key, session, ttlSeconds) => attempt(redis.set(key, session, 'EX', ttlSeconds)),
    close: () => redis.disconnect(),
  }
}

const within = async (timeoutMs: number, work: Promise<unknown>): Promise<void> => {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new AttemptFailed('TIMEOUT')), timeoutMs)
  try {
    await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

const reasonOf = (error: unknown): string | undefined => {
  if (error instanceof AttemptFailed) return error.reason
  if (!(error instanceof Error)) return undefined
  if (error.name === 'ReplyError') return /^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR'
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
