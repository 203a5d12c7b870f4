import type { Clock } from './clock.ts'

interface Entry<V> {
  readonly key: string
  readonly value: V
  readonly dueMs: number
}

/** Node fires a timer at once when its delay does not fit in 31 bits. */
const longestTimerMs = 2 ** 31 - 1

/** Hands out values when they fall due: a binary heap and one timer, however many keys wait. */
export class DelayQueue<V> {
  readonly #clock: Clock
  readonly #deliver: (key: string, value: V) => void
  readonly #heap: Entry<V>[] = []
  readonly #current = new Map<string, Entry<V>>()
  #cancelTimer: (() => void) | undefined
  #timerDueMs = Infinity

  constructor(clock: Clock, deliver: (key: string, value: V) => void) {
    this.#clock = clock
    this.#deliver = deliver
  }

  get size(): number {
    return this.#current.size
  }

  /** What waits for `key`. */
  peek(key: string): V | undefined {
    return this.#current.get(key)?.value
  }

  /** A key waits once: the earlier time holds, the newer value holds. */
  add(key: string, value: V, delayMs: number): void {
    const waiting = this.#current.get(key)
    const dueMs = Math.min(this.#clock.monotonicMs() + delayMs, waiting?.dueMs ?? Infinity)
    const entry: Entry<V> = { key, value, dueMs }
    this.#current.set(key, entry)
    this.#push(entry)
    if (dueMs < this.#timerDueMs) this.#arm()
  }

  clear(): void {
    this.#heap.length = 0
    this.#current.clear()
    this.#arm()
  }

  #arm(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const first = this.#heap[0]
    this.#timerDueMs = first?.dueMs ?? Infinity
    if (!first) return
    const waitMs = Math.min(longestTimerMs, Math.max(0, Math.ceil(first.dueMs - this.#clock.monotonicMs())))
    this.#cancelTimer = this.#clock.after(waitMs, () => this.#fire())
  }

  #fire(): void {
    const now = this.#clock.monotonicMs()
    for (let first = this.#heap[0]; first && first.dueMs <= now; first = this.#heap[0]) {
      this.#pop()
      // an entry that a later `add` replaced stays in the heap until it surfaces here
      if (this.#current.get(first.key) !== first) continue
      this.#current.delete(first.key)
      this.#deliver(first.key, first.value)
    }
    this.#arm()
  }

  #push(entry: Entry<V>): void {
    const heap = this.#heap
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = heap[parentIndex]
      if (!parent || parent.dueMs <= entry.dueMs) break
      heap[index] = parent
      index = parentIndex
    }
    heap[index] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let index = 0
    for (;;) {
      const leftIndex = 2 * index + 1
      const left = heap[leftIndex]
      if (!left) break
      const right = heap[leftIndex + 1]
      const [child, childIndex] = right && right.dueMs < left.dueMs ? [right, leftIndex + 1] : [left, leftIndex]
      if (child.dueMs >= last.dueMs) break
      heap[index] = child
      index = childIndex
    }
    heap[index] = last
  }
}
