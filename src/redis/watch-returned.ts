import { channels, deleteReturned, lookForReturned, rememberGone, type Aside } from './aside.ts'
import { RedisError } from './errors.ts'
import type { RedisCallOptions, RedisConnection } from './connection.ts'

/** Names that one call takes. */
const batchSize = 500

/**
 * Hears of each key that is made, and deletes it when it is a session of before: within about a ms. Events can be missed before it begins, so each watch first looks at what
 * is there.
 */
export class ReturnedWatch {
  readonly #worker: RedisConnection
  readonly #aside: Aside
  readonly #options: RedisCallOptions
  #made: Buffer[] = []
  #gone: Buffer[] = []
  #work: Promise<void> | undefined
  #error: unknown
  #removed = 0

  private constructor(worker: RedisConnection, aside: Aside, options: RedisCallOptions) {
    this.#worker = worker
    this.#aside = aside
    this.#options = options
  }

  /** Begins, on two connections that are used for nothing else. Throws a `RedisError`. */
  static async open(
    { listener, worker }: { readonly listener: RedisConnection; readonly worker: RedisConnection },
    aside: Aside,
    options: RedisCallOptions = {},
  ): Promise<ReturnedWatch> {
    const watch = new ReturnedWatch(worker, aside, options)
    // Redis closes it when we do not keep up; what it did not say is found by the look with which the next watch begins.
    listener.onClose(() => {
      watch.#error ??= new RedisError('unreachable', 'SUBSCRIBE', 'the connection that listens was closed')
    })
    await listener.listen([channels.made, ...channels.gone], (channel, name) => watch.#hear(channel, name), options)
    watch.#removed += await lookForReturned(worker, aside, options)
    return watch
  }

  /** How many were deleted, so far. */
  get removed(): number {
    return this.#removed
  }

  /** Resolves when all that was heard is done. Throws a `RedisError` when any of it failed. */
  async settle(): Promise<void> {
    await this.#work
    if (this.#error !== undefined) throw this.#error
  }

  #hear(channel: string, name: Buffer): void {
    if (channel === channels.made) this.#made.push(name)
    else this.#gone.push(name)
    this.#work ??= this.#drain().finally(() => {
      this.#work = undefined
    })
  }

  async #drain(): Promise<void> {
    try {
      while (this.#made.length + this.#gone.length > 0 && this.#error === undefined) {
        const [gone, made] = [this.#gone.splice(0, batchSize), this.#made.splice(0, batchSize)]
        if (gone.length > 0) this.#removed += await rememberGone(this.#worker, this.#aside, gone, this.#options)
        if (made.length > 0) this.#removed += await deleteReturned(this.#worker, this.#aside, made, this.#options)
      }
    } catch (error) {
      this.#error = error
    }
  }
}
