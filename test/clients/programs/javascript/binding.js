// What every one of these applications reads: the client Secret as files, and how long its sessions live.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const directory = process.env.BINDING_DIR ?? '/bindings/sessions'

export const binding = (file) => readFileSync(join(directory, file), 'utf8').trim()
export const lifetimeSeconds = Number(process.env.EXPIRE_AFTER_SECONDS ?? 1800)
export const address = { host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }

/** Only the kind of an error: its text may hold a key name, and that is a credential. */
export const log = (event, error) =>
  process.stdout.write(`${JSON.stringify({ event, kind: error?.code ?? String(error?.message).slice(0, 6) })}\n`)

/** Options of node-redis. */
export const nodeRedis = () => ({
  username: binding('username'),
  password: binding('password'),
  socket: { host: binding('host'), port: Number(binding('port')) },
})

/** Options of ioredis: it need not ask for INFO, to which the login has no right. */
export const ioredis = () => ({
  host: binding('host'),
  port: Number(binding('port')),
  username: binding('username'),
  password: binding('password'),
  enableReadyCheck: false,
})
