import type { ServerResponse } from 'node:http'
import type { RequestInfo } from './request-info.ts'

/** How a watch passes events on: as they come; not at all and without a FIN; or held back until released. */
export type WatchMode = 'pass' | 'stall' | 'hold'

interface Event {
  readonly type: string
  readonly object: { readonly metadata?: { readonly uid?: string; readonly resourceVersion?: string } }
}

/** One watch between a client and the API server, whose events can be tampered with. */
export class WatchSession {
  readonly info: RequestInfo
  readonly #response: ServerResponse
  readonly #end: () => void
  #mode: WatchMode = 'pass'
  #duplicate = false
  #held: Event[] = []
  #last: Event | undefined

  constructor(info: RequestInfo, response: ServerResponse, end: () => void) {
    this.info = info
    this.#response = response
    this.#end = end
  }

  /** An event from the API server. */
  receive(line: string): void {
    if (this.#mode === 'stall') return
    const event = JSON.parse(line) as Event
    if (this.#mode === 'hold') {
      if (event.type !== 'BOOKMARK') this.#held.push(event)
      return
    }
    this.#send(event)
    if (this.#duplicate && event.type !== 'BOOKMARK') {
      // once more, and once more late: the one before it again
      this.#send(event)
      if (this.#last) this.#send(this.#last)
    }
    this.#last = event
  }

  set mode(mode: WatchMode) {
    this.#mode = mode
  }

  set duplicate(on: boolean) {
    this.#duplicate = on
  }

  /** Passes on what was held; coalesced: only the newest event of each object, as after a relist. */
  release({ coalesce }: { readonly coalesce: boolean }): void {
    const held = this.#held
    this.#held = []
    this.#mode = 'pass'
    const newest = new Map(held.map((event) => [event.object.metadata?.uid ?? '', event]))
    for (const event of held) {
      if (!coalesce || newest.get(event.object.metadata?.uid ?? '') === event) this.#send(event)
    }
  }

  /** Ends the stream with the ERROR event that a compacted resource version gets. */
  gone(): void {
    const message = 'too old resource version: injected by the fault proxy'
    const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason: 'Expired', code: 410 }
    this.#write(JSON.stringify({ type: 'ERROR', object: status }))
    this.finish()
  }

  /** Breaks the connection without ending the answer. */
  reset(): void {
    this.#end()
    this.#response.socket?.resetAndDestroy()
  }

  /** Ends the answer as the API server does at a watch's timeout. */
  finish(): void {
    this.#end()
    this.#response.end()
  }

  #send(event: Event): void {
    this.#write(JSON.stringify(event))
  }

  #write(line: string): void {
    if (!this.#response.writableEnded) this.#response.write(`${line}\n`)
  }
}
