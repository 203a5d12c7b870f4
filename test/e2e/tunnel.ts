import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Cluster } from '../cluster/cluster.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { connect } from 'node:net'

export interface Tunnel {
  /** A Unix socket of this machine that leads to the target as if from the pod. */
  readonly path: string
  close(): Promise<void>
}

const relay = fileURLToPath(new URL('tunnel-relay.ts', import.meta.url))

/** Opens connections from inside a pod's network: what the pod may reach, the tunnel reaches, and nothing else. */
export const openTunnel = async (
  cluster: Cluster,
  namespace: string,
  pod: string,
  host: string,
  port: number,
): Promise<Tunnel> => {
  const netns = await cluster.podNetns(namespace, pod)
  const folder = mkdtempSync(join(tmpdir(), 'tunnel-'))
  const path = join(folder, 'socket')
  const child = spawn('nsenter', [`--net=${netns}`, process.execPath, relay, path, host, String(port)], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  const exited = once(child, 'exit')
  await waitUntil(
    `tunnel to ${host}:${port}`,
    () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(path)
        socket.on('connect', () => {
          socket.destroy()
          resolve(true)
        })
        socket.on('error', () => resolve(false))
      }),
    { timeoutMs: 10_000, intervalMs: 20 },
  )
  return {
    path,
    close: async () => {
      child.kill()
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
