// node writer-process.ts: writes sessions as a web application does. Orders on stdin, notices on stdout, one JSON a line
// (messages.ts). Ends when stdin does, so with its parent.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Login } from '../../../src/redis/connection.ts'
import { monotonicMs, type Encryption, type Notice, type Order, type WriterSettings } from './messages.ts'
import { AttemptFailed, openSessionConnection, type SessionConnection } from './session-connection.ts'

/** Long enough that no key expires before a test has counted. */
const ttlSeconds = 900
/** Some 200 bytes with the rest of the payload: what connect-redis writes for a user who is logged in. */
const filler = 'x'.repeat(80)

const say = (notice: Notice, written?: () => void) => process.stdout.write(`${JSON.stringify(notice)}\n`, written)

const stopping = new AbortController()
let nextNumber = 0
/** Connections that were made before the last change of this are closed between two writes. */
let epoch = 0
let login: Login & Encryption = { username: '', password: '' }

const payload = (number: number): string =>
  JSON.stringify({
    cookie: { originalMaxAge: ttlSeconds * 1000, httpOnly: true, secure: true, path: '/', sameSite: 'lax' },
    user: `user-${number}`,
    filler,
  })

const fail = (connection: number, error: unknown): void => {
  if (!(error instanceof AttemptFailed)) throw error
  say({ type: 'failed', connection, reason: error.reason, atMs: monotonicMs() })
}

const rereadLogin = (file: string): Login => {
  try {
    const { username, password } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Login>
    if (username === undefined || password === undefined) throw new AttemptFailed('LOGINFILE')
    return { username, password }
  } catch {
    // the text of a failed parse would hold the password
    throw new AttemptFailed('LOGINFILE')
  }
}

const keepWriting = async (settings: WriterSettings, connection: number): Promise<void> => {
  let session: SessionConnection | undefined
  let first = true
  let madeIn = epoch
  while (!stopping.signal.aborted) {
    try {
      if (!first && !session && settings.rereadSecretFile !== undefined) login = rereadLogin(settings.rereadSecretFile)
      first = false
      if (session && madeIn !== epoch) {
        session.close()
        session = undefined
      }
      if (!session) madeIn = epoch
      session ??= await openSessionConnection(settings, login)
      const number = nextNumber++
      const key = `${settings.prefix}:w${settings.run}-${number}`
      const begunMs = monotonicMs()
      await session.set(key, payload(number), ttlSeconds)
      const atMs = monotonicMs()
      say({ type: 'acknowledged', key, connection, begunMs, atMs })
      await delay(Math.max(0, settings.intervalMs - (atMs - begunMs)))
    } catch (error) {
      fail(connection, error)
      session = undefined
      await delay(settings.reconnectMs)
    }
  }
  session?.close()
}

const run = async (settings: WriterSettings): Promise<void> => {
  login = settings
  say({ type: 'started', atMs: monotonicMs() })
  await Promise.all(Array.from({ length: settings.connections }, (_, connection) => keepWriting(settings, connection)))
  // A reader that was busy has not seen everything yet: what is said last is written last.
  say({ type: 'stopped', atMs: monotonicMs() }, () => process.exit(0))
}

const obey = (order: Order): void => {
  switch (order.type) {
    case 'start':
      void run(order.settings)
      break
    case 'login':
      login = order.login
      say({ type: 'login taken' })
      break
    case 'reconnect':
      epoch += 1
      break
    case 'stop':
      stopping.abort()
      break
    default:
      order satisfies never
  }
}

const orders = createInterface({ input: process.stdin })
orders.on('line', (line) => obey(JSON.parse(line) as Order))
// The parent holds the other end of stdin: when it is gone, so are we.
orders.on('close', () => process.exit(0))
