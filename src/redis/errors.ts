/**
 * What a failed command means for the caller:
 * `unreachable`: no connection, or it broke before the reply (the command may have been carried out);
 * `notListening`: the host itself says that nothing listens on the port (ECONNREFUSED): the process is gone, or not there yet;
 * `loading`: Redis still reads its data; `denied`: the ACL refused (NOPERM, NOAUTH, WRONGPASS); `readonly`: a replica;
 * `memory`: at maxmemory (OOM); `busy`: a script runs, or a rewrite is under way; `refused`: anything else Redis said no to.
 */
export type RedisErrorKind =
  'unreachable' | 'notListening' | 'loading' | 'denied' | 'readonly' | 'memory' | 'busy' | 'refused'

/** A command that failed. Holds the command's name, never its arguments: those may be passwords, keys or sessions. */
export class RedisError extends Error {
  override readonly name = 'RedisError'
  readonly kind: RedisErrorKind
  readonly command: string

  constructor(kind: RedisErrorKind, command: string, message: string) {
    super(`${command}: ${message}`)
    this.kind = kind
    this.command = command
  }
}

export const isRedisError = (error: unknown, ...kinds: readonly RedisErrorKind[]): error is RedisError =>
  error instanceof RedisError && (kinds.length === 0 || kinds.includes(error.kind))

// Prefixes of error replies: https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors and src/server.c.
const kindsByPrefix: Readonly<Record<string, RedisErrorKind>> = {
  LOADING: 'loading',
  MASTERDOWN: 'loading',
  NOPERM: 'denied',
  NOAUTH: 'denied',
  WRONGPASS: 'denied',
  READONLY: 'readonly',
  OOM: 'memory',
  BUSY: 'busy',
}

// The text after these words may repeat what the caller sent.
const tellingPrefixes = new Set(['LOADING', 'MASTERDOWN', 'READONLY', 'OOM', 'BUSY', 'MISCONF', 'NOREPLICAS'])

/** The error for an error reply. Text that may repeat arguments (NOPERM names keys, ERR names values) is left out. */
export const replyError = (command: string, reply: string): RedisError => {
  const prefix = /^[A-Z]+/.exec(reply)?.[0] ?? 'ERR'
  const kind = kindsByPrefix[prefix] ?? 'refused'
  return new RedisError(kind, command, tellingPrefixes.has(prefix) ? reply.slice(0, 200) : prefix)
}
