import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { run } from '../cluster/command.ts'

export interface Relay {
  readonly url: string
  close(): Promise<void>
}

/** Makes a port of loopback reachable for pods, under the address by which this machine speaks to `nodeIp`. */
export const openRelay = async (url: string, nodeIp: string): Promise<Relay> => {
  const { stdout } = await run('ip', ['-4', '-o', 'route', 'get', nodeIp])
  const host = / src (\S+)/.exec(stdout)?.[1]
  if (host === undefined) throw new Error(`this machine has no address towards ${nodeIp}: ${stdout}`)
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.resetAndDestroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  })
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve)
  })
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}
