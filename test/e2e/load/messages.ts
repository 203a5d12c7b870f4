import type { Endpoint, Login } from '../../../src/redis/connection.ts'

/** How a connection is encrypted; not at all without. */
export interface Encryption {
  /** PEM. `ca` and `servername` are what the other side is checked by. */
  readonly tls?: { readonly ca: string; readonly servername: string; readonly cert?: string; readonly key?: string }
}

/** What a writer process is told at its start. All of it comes over stdin: the password is never in argv. */
export interface WriterSettings extends Endpoint, Login, Encryption {
  /** Keys are `<prefix>:w<run>-<n>`. */
  readonly prefix: string
  readonly run: string
  readonly connections: number
  /** From the beginning of one write of a connection to the beginning of its next. */
  readonly intervalMs: number
  /** How long a reply may take; also how long connecting and logging in may take. */
  readonly commandTimeoutMs: number
  /** From an error to the next connection. */
  readonly reconnectMs: number
  /** A JSON file `{"username","password"}`, read before each connection after the first. */
  readonly rereadSecretFile?: string
}

/** One line of JSON on the writer process's stdin. */
export type Order =
  | { readonly type: 'start'; readonly settings: WriterSettings }
  | { readonly type: 'login'; readonly login: Login & Encryption }
  | { readonly type: 'reconnect' }
  | { readonly type: 'stop' }

/** A session whose `SET` was answered with OK. */
export interface Acknowledged {
  readonly key: string
  /** Which connection wrote it, from 0. */
  readonly connection: number
  /** When the command was sent, in ms of {@link monotonicMs}. */
  readonly begunMs: number
  /** When the reply was there, in ms of {@link monotonicMs}. */
  readonly atMs: number
}

/** An attempt to connect or to write that failed. */
export interface FailedAttempt {
  readonly connection: number
  /**
   * The prefix of the error reply (`READONLY`, `WRONGPASS`), or the code of the system's error (`ECONNREFUSED`), or
   * `TIMEOUT`, `CLOSED` (the other side ended the connection), `LOGINFILE` (the login file could not be read).
   */
  readonly reason: string
  /** In ms of {@link monotonicMs}. */
  readonly atMs: number
}

/** One line of JSON on the writer process's stdout, in the order of the times in it. */
export type Notice =
  | { readonly type: 'started'; readonly atMs: number }
  | ({ readonly type: 'acknowledged' } & Acknowledged)
  | ({ readonly type: 'failed' } & FailedAttempt)
  | { readonly type: 'login taken' }
  | { readonly type: 'stopped'; readonly atMs: number }

/** CLOCK_MONOTONIC in ms: one clock for all processes of this machine, unlike `performance.now()`. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6
