import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A port of loopback that leads to a server, and takes down what goes through. */
export interface Recorder {
  readonly port: number
  /** Commands that were sent, each once, such as `GET` or `CLIENT|SETINFO`. */
  commands(): readonly string[]
  /** Of those, what the server refused for lack of rights, in its own words. */
  refusals(): readonly string[]
  /**
   * From now on a connection that has read a session is not let say anything more: so a request is held that has loaded its session, in whatever language. Until it is
   * released.
   */
  holdAfterRead(): Hold
  close(): Promise<void>
}

/** What is held back of what clients want to say. */
export interface Hold {
  /** True once there is any. */
  isHolding(): boolean
  /** Lets all of it through, in its order. */
  release(): void
}

/** Commands by which libraries load a session. */
const reads = new Set(['GET', 'HGETALL'])

/** Lets requests through, or keeps those that come after a read. */
class Gate {
  #active = false
  #closed = new Set<Socket>()
  #kept: { readonly far: Socket; readonly bytes: Buffer }[] = []

  hold(): Hold {
    this.#active = true
    return {
      isHolding: () => this.#kept.length > 0,
      release: () => {
        this.#active = false
        this.#closed.clear()
        for (const { far, bytes } of this.#kept.splice(0)) far.write(bytes)
      },
    }
  }

  pass(far: Socket, { name, bytes }: Request): void {
    if (this.#closed.has(far)) this.#kept.push({ far, bytes })
    else far.write(bytes)
    if (this.#active && reads.has(name)) this.#closed.add(far)
  }
}

/** Starts one in front of a Unix socket. What is sent must not be encrypted. */
export const startRecorder = async (target: string): Promise<Recorder> => {
  const commands = new Set<string>()
  const refusals = new Set<string>()
  const sockets = new Set<Socket>()
  const gate = new Gate()
  const server = createServer((near) => {
    const far = connect(target)
    const requests = new Requests()
    let answered = ''
    near.on('data', (chunk: Buffer) => {
      for (const request of requests.push(chunk)) {
        commands.add(request.name)
        gate.pass(far, request)
      }
    })
    far.on('data', (chunk: Buffer) => {
      answered = (answered + chunk.toString('latin1')).slice(-65_536)
      for (const [, words = ''] of answered.matchAll(/-(NOPERM [^\r\n]*)\r\n/g)) refusals.add(words)
    })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
    far.pipe(near)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    commands: () => [...commands].toSorted(),
    refusals: () => [...refusals].toSorted(),
    holdAfterRead: () => gate.hold(),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}

/** Commands whose second word is part of their name. */
const containers = new Set(['ACL', 'CLIENT', 'CLUSTER', 'COMMAND', 'CONFIG', 'FUNCTION', 'MEMORY', 'OBJECT', 'SCRIPT'])

/** One command as a client sent it. */
export interface Request {
  /** Such as `GET` or `CLIENT|SETINFO`. */
  readonly name: string
  readonly bytes: Buffer
}

/** Takes apart what a client sends: arrays of bulk strings (https://redis.io/docs/latest/develop/reference/protocol-spec/). */
export class Requests {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): readonly Request[] {
    this.#rest = Buffer.concat([this.#rest, chunk])
    const requests: Request[] = []
    for (;;) {
      const before = this.#rest
      const words = this.#next()
      if (words === undefined) return requests
      const [first = '', second = ''] = words.map((word) => word.toUpperCase())
      const name = containers.has(first) ? `${first}|${second}` : first
      requests.push({ name, bytes: before.subarray(0, before.length - this.#rest.length) })
    }
  }

  /** The words of the next request, once all of it is there. */
  #next(): readonly string[] | undefined {
    const header = this.#line(0)
    if (!header) return undefined
    if (!header.text.startsWith('*')) throw new Error(`a client sent no array: ${header.text.slice(0, 20)}`)
    const words: string[] = []
    let at = header.end
    for (let left = Number(header.text.slice(1)); left > 0; left -= 1) {
      const length = this.#line(at)
      if (!length) return undefined
      const end = length.end + Number(length.text.slice(1))
      if (this.#rest.length < end + 2) return undefined
      words.push(this.#rest.toString('latin1', length.end, end))
      at = end + 2
    }
    this.#rest = this.#rest.subarray(at)
    return words
  }

  #line(from: number): { readonly text: string; readonly end: number } | undefined {
    const end = this.#rest.indexOf('\r\n', from)
    return end < 0 ? undefined : { text: this.#rest.toString('latin1', from, end), end: end + 2 }
  }
}
