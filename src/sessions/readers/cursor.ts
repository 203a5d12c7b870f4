import { maxPayloadBytes, Undecodable } from './value.ts'

/** Goes over a payload once, from its front to its end. Nothing is taken that is not there, whatever length a payload claims. */
export class Cursor {
  readonly #bytes: Buffer
  readonly #format: string
  #at = 0

  /** Throws `Undecodable` for a payload above `maxPayloadBytes`. The format is named in errors. */
  constructor(payload: Uint8Array, format: string) {
    this.#bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
    this.#format = format
    if (payload.length > maxPayloadBytes) throw this.broken(`more than ${maxPayloadBytes} bytes`)
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** The next bytes, of the payload's own memory: not to be written to. */
  take(length: number): Buffer {
    if (length < 0 || length > this.left) throw this.broken('ends too soon, or claims a length beyond its end')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  byte(): number {
    return this.take(1).readUInt8()
  }

  /** The next byte, not taken. Undefined at the end. */
  peek(): number | undefined {
    return this.#bytes[this.#at]
  }

  /** How many bytes there are before the next such byte. Undefined: there is none. */
  distanceTo(byte: number): number | undefined {
    const found = this.#bytes.indexOf(byte, this.#at)
    return found === -1 ? undefined : found - this.#at
  }

  /** Throws unless all was taken. */
  end(): void {
    if (this.left > 0) throw this.broken('goes on after its end')
  }

  /** The error to throw: what is wrong, and where. */
  broken(what: string): Undecodable {
    return new Undecodable(`${this.#format}: ${what} (byte ${this.#at})`)
  }
}
