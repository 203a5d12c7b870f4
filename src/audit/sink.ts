import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import type { SignedRecord } from './record.ts'

/** Where records go beside Kubernetes: a stream that leaves the cluster with the logs, and so bears witness to the newest record. */
export interface AuditSink {
  /**
   * Appends one line, after those before it. Resolves when the operating system has it, and never later than `patienceMs`: sessions that
   * have to go do not wait for a log reader. A line that is late stays in its place in the queue; `onTrouble` hears of it.
   */
  write(record: SignedRecord): Promise<void>
  /** Closes the file when the queue is empty, at the latest after `patienceMs`. */
  close(): Promise<void>
}

export interface SinkOptions {
  /** How long a write may hold up its caller, in ms. Default 5,000. */
  readonly patienceMs?: number
  /** Hears once that lines are late or lost, and why, until the stream moves again. */
  readonly onTrouble?: (message: string) => void
}

/** How the lines of the stream are told from other log lines. */
export const streamName = 'session-store-audit'

/** Lines held in memory while nobody reads; at about 2 KB each, 20 MB. The records themselves are in Kubernetes. */
const mostWaiting = 10_000
/** Between tries, in ms, while the stream takes nothing. */
const retryMs = 100

interface Line {
  readonly bytes: Buffer
  /** How many of `bytes` are written: after an error the rest follows, so no line is ever torn. */
  offset: number
  readonly written: PromiseWithResolvers<void>
}

/** Opens a file, a pipe or a device such as `/dev/stdout` for appending. Throws when it cannot be opened. */
export const openSink = async (path: string, options: SinkOptions = {}): Promise<AuditSink> => {
  // Non-blocking: a full pipe would keep a thread of Node's pool, and then the end of the process, waiting for its reader.
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
  return new FileSink(path, await open(path, flags, 0o600), options)
}

class FileSink implements AuditSink {
  readonly #path: string
  readonly #file: FileHandle
  readonly #patienceMs: number
  readonly #onTrouble: (message: string) => void
  readonly #queue: Line[] = []
  #pumping: Promise<void> | undefined
  #closed = false
  #troubled = false

  constructor(path: string, file: FileHandle, { patienceMs = 5000, onTrouble = () => undefined }: SinkOptions) {
    this.#path = path
    this.#file = file
    this.#patienceMs = patienceMs
    this.#onTrouble = onTrouble
  }

  async write(record: SignedRecord): Promise<void> {
    if (this.#closed) throw new Error(`the audit stream ${this.#path} is closed`)
    if (this.#queue.length >= mostWaiting) {
      this.#report(`${mostWaiting} lines wait already, so new ones are left out: compare it with the AuditRecords`)
      return
    }
    const bytes = Buffer.from(`${JSON.stringify({ stream: streamName, record })}\n`)
    const line: Line = { bytes, offset: 0, written: Promise.withResolvers() }
    this.#queue.push(line)
    this.#pumping ??= this.#pump().finally(() => (this.#pumping = undefined))
    await this.#patiently(line.written.promise, 'nobody reads it, lines wait in memory')
  }

  async close(): Promise<void> {
    if (this.#pumping) await this.#patiently(this.#pumping, `closed with lines unwritten`)
    this.#closed = true
    await this.#file.close()
  }

  /** One after another: two writes at once could mix their lines. */
  async #pump(): Promise<void> {
    for (let line = this.#queue[0]; line && !this.#closed; line = this.#queue[0]) {
      try {
        const { bytesWritten } = await this.#file.write(line.bytes, line.offset)
        line.offset += bytesWritten
      } catch (error) {
        if (this.#closed) return
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
        // A full pipe is ordinary until somebody has lost patience.
        if (code !== 'EAGAIN') this.#report(`cannot be written (${code}), lines wait in memory`)
        await new Promise((resolve) => setTimeout(resolve, retryMs))
        continue
      }
      if (line.offset < line.bytes.length) continue
      this.#queue.shift()
      this.#troubled = false
      line.written.resolve()
    }
  }

  async #patiently(work: Promise<void>, trouble: string): Promise<void> {
    const late = Promise.withResolvers<'late'>()
    const timer = setTimeout(() => late.resolve('late'), this.#patienceMs)
    const outcome = await Promise.race([work, late.promise])
    clearTimeout(timer)
    if (outcome === 'late') this.#report(trouble)
  }

  #report(trouble: string): void {
    if (this.#troubled) return
    this.#troubled = true
    this.#onTrouble(`the audit stream ${this.#path}: ${trouble}`)
  }
}
