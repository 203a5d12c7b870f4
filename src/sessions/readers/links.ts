import { maxDepth, maxValues, type SessionValue, Undecodable } from './value.ts'

interface Held {
  readonly value: SessionValue
  /** Values inside it, and how many levels of them. */
  readonly values: number
  readonly height: number
}

/**
 * What a payload can mean again by its number, and the count of all that it holds. Something that is linked to counts with all that is in it, each time:
 * so what comes of a payload has no more than `maxValues` values and `maxDepth` levels for one who walks it and knows of no links. It is never cyclic:
 * what is still being read is undefined inside of itself.
 */
export class Links {
  /** By number. Undefined: still being read, or no value of its own (a Java class). */
  readonly #held: (Held | undefined)[] = []
  #values = 0
  #deepest = 0

  /** Counts what lies at a depth, the outermost at 0: `values`, over `height` levels. Throws `Undecodable` beyond a limit. */
  count(depth: number, values = 1, height = 0): void {
    this.#values += values
    this.#deepest = Math.max(this.#deepest, depth + height)
    if (this.#values > maxValues) throw new Undecodable(`more than ${maxValues} values`)
    if (depth + height > maxDepth) throw new Undecodable(`more than ${maxDepth} levels`)
  }

  /** Takes the next number for what has no value. */
  reserve(): number {
    return this.#held.push(undefined) - 1
  }

  /** Takes the next number, then reads the value that it means. The value itself is counted already, at this depth. */
  hold<Value extends SessionValue>(depth: number, read: () => Value): Value {
    const number = this.reserve()
    const { before, above } = { before: this.#values, above: this.#deepest }
    this.#deepest = depth
    const value = read()
    this.#held[number] = { value, values: this.#values - before, height: this.#deepest - depth }
    this.#deepest = Math.max(this.#deepest, above)
    return value
  }

  /** What a number means. The link itself is counted already, at this depth. Throws `Undecodable` for a number that nothing has. */
  follow(number: number, depth: number): SessionValue {
    if (number < 0 || number >= this.#held.length) throw new Undecodable('a link to nothing')
    const held = this.#held[number]
    if (held) this.count(depth, held.values, held.height)
    return held?.value
  }
}
