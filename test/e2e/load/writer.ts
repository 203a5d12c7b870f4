import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Endpoint, Login } from '../../../src/redis/connection.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import type { WriterSettings } from './messages.ts'
import { Writer } from './running-writer.ts'

/** In whose network the writer runs: a pod's, or this machine's when there is no cluster. */
export type WriterPlace =
  { readonly cluster: Cluster; readonly namespace: string; readonly pod: string } | { readonly cluster?: undefined }

/** Defaults: a `run` of its own, 2 connections, a write each 10 ms, replies within 300 ms, a new connection 50 ms after an error. */
export type WriterOptions = WriterPlace &
  Endpoint &
  Login &
  Pick<WriterSettings, 'prefix'> &
  Partial<Omit<WriterSettings, keyof Endpoint | keyof Login | 'prefix'>>

const program = fileURLToPath(new URL('writer-process.ts', import.meta.url))

const settingsOf = (options: WriterOptions): WriterSettings => ({
  host: options.host,
  port: options.port,
  username: options.username,
  password: options.password,
  prefix: options.prefix,
  run: options.run ?? randomBytes(4).toString('hex'),
  connections: options.connections ?? 2,
  intervalMs: options.intervalMs ?? 10,
  commandTimeoutMs: options.commandTimeoutMs ?? 300,
  reconnectMs: options.reconnectMs ?? 50,
  ...(options.tls ? { tls: options.tls } : {}),
  ...(options.rereadSecretFile === undefined ? {} : { rereadSecretFile: options.rereadSecretFile }),
})

/**
 * Starts a process that writes sessions as a web application does, straight to `host`: the resets and refusals that it meets
 * are the real ones. Resolves when it has begun, not when a write has succeeded. It ends with the thread that called this.
 */
export const startWriter = async (options: WriterOptions): Promise<Writer> => {
  const run = [process.execPath, program] as const
  const [file, ...args] = options.cluster
    ? (['nsenter', `--net=${await options.cluster.podNetns(options.namespace, options.pod)}`, ...run] as const)
    : run
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const writer = new Writer(child, settingsOf(options))
  try {
    await writer.started()
  } catch (error) {
    child.kill()
    throw error
  }
  return writer
}
