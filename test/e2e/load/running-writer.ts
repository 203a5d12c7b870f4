import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Login } from '../../../src/redis/connection.ts'
import { waitUntil } from '../../cluster/wait-until.ts'
import {
  monotonicMs,
  type Acknowledged,
  type Encryption,
  type FailedAttempt,
  type Notice,
  type Order,
  type WriterSettings,
} from './messages.ts'
import { report, type WriterReport } from './report.ts'

/** A running writer. Made by `startWriter`; stop it. */
export class Writer {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #settings: WriterSettings
  readonly #exited: Promise<unknown>
  readonly #acknowledged: Acknowledged[] = []
  readonly #failedAttempts: FailedAttempt[] = []
  #startedMs: number | undefined
  #stoppedMs: number | undefined
  #loginsSent = 0
  #loginsTaken = 0
  #ended: string | undefined
  #stopping: Promise<WriterReport> | undefined

  constructor(child: ChildProcessByStdio<Writable, Readable, null>, settings: WriterSettings) {
    this.#child = child
    this.#settings = settings
    // `close`, not `exit`: only then all that it said has been read
    this.#exited = once(child, 'close').then(
      ([code, signal]) => (this.#ended = `ended with ${String(signal ?? code)}`),
      (error: unknown) => (this.#ended = `did not start: ${String(error)}`),
    )
    // a process that has ended reads no orders: `#ended` tells
    child.stdin.on('error', () => undefined)
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(JSON.parse(line) as Notice))
    this.#order({ type: 'start', settings })
  }

  /** Resolves when the process has begun. */
  async started(): Promise<void> {
    await this.#until('begun', 10_000, () => this.#startedMs !== undefined)
  }

  /** Now, in ms of the clock that all times of the writer are of. */
  mark(): number {
    return monotonicMs()
  }

  /** Replaces the login of connections yet to be made; those that are open stay. Resolves when the process has taken it. */
  async login({ username, password, tls }: Login & Encryption): Promise<void> {
    const number = ++this.#loginsSent
    this.#order({ type: 'login', login: { username, password, ...(tls ? { tls } : {}) } })
    await this.#until('the new login taken', 10_000, () => this.#loginsTaken >= number)
  }

  /** Closes its connections between two writes and makes new ones, as an application does that has read another Secret. Resolves when it writes by those. */
  async reconnect(): Promise<void> {
    this.#order({ type: 'reconnect' })
    // Each connection sees it before its next write.
    await this.untilWrites(this.mark() + 10 * this.#settings.intervalMs)
  }

  /** Waits until so many writes, from its start on, were acknowledged. */
  async untilAcknowledged(count: number, timeoutMs = 30_000): Promise<void> {
    await this.#until(`${count} writes acknowledged`, timeoutMs, () => this.#acknowledged.length >= count)
  }

  /** Waits until a write that was begun after `afterMs` was acknowledged; resolves with when the first of them was. */
  async untilWrites(afterMs: number, timeoutMs = 30_000): Promise<number> {
    const { atMs } = await this.#until('writes again', timeoutMs, () =>
      this.#acknowledged.find(({ begunMs }) => begunMs > afterMs),
    )
    return atMs
  }

  /** Ends it after the replies that are due. A second call gives the same report. Throws when the process had ended by itself. */
  stop(): Promise<WriterReport> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<WriterReport> {
    this.#order({ type: 'stop' })
    await this.#exited
    const [startedMs, stoppedMs] = [this.#startedMs, this.#stoppedMs]
    if (startedMs === undefined || stoppedMs === undefined)
      throw new Error(`session writer: the process ${this.#ended ?? ''}`)
    const { connections } = this.#settings
    return report({
      startedMs,
      stoppedMs,
      connections,
      acknowledged: this.#acknowledged,
      failedAttempts: this.#failedAttempts,
    })
  }

  #order(order: Order): void {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`)
  }

  #hear(notice: Notice): void {
    switch (notice.type) {
      case 'started':
        this.#startedMs = notice.atMs
        break
      case 'acknowledged':
        this.#acknowledged.push(notice)
        break
      case 'failed':
        this.#failedAttempts.push(notice)
        break
      case 'login taken':
        this.#loginsTaken += 1
        break
      case 'stopped':
        this.#stoppedMs = notice.atMs
        break
      default:
        notice satisfies never
    }
  }

  async #until<T>(what: string, timeoutMs: number, condition: () => T | undefined | false): Promise<T> {
    try {
      const found = await waitUntil(
        what,
        () => {
          const value = condition()
          if (value !== undefined && value !== false) return { value }
          return this.#ended === undefined ? undefined : { ended: this.#ended }
        },
        { timeoutMs, intervalMs: 10 },
      )
      if ('value' in found) return found.value
      throw new Error(`${what}: the process ${found.ended}`)
    } catch (error) {
      const last = this.#failedAttempts.at(-1)?.reason ?? 'none'
      const seen = `${this.#acknowledged.length} writes acknowledged, last failure: ${last}`
      throw new Error(`session writer: ${String(error)}; ${seen}`, { cause: error })
    }
  }
}
