import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Where ports are looked for: below those that Linux gives to connections that go out (32768 and up), and below node ports. A server that is killed and
 * started again would not get its port back while a connection had been given it.
 */
const [lowest, beyond] = [10_000, 30_000]
const tries = 100

/** Ports of 127.0.0.1 that nobody listened on a moment ago; all different. */
export const freePorts = async (count: number): Promise<readonly number[]> => {
  const found = new Set<number>()
  for (let each = 0; each < tries * count && found.size < count; each += 1) {
    const port = randomInt(lowest, beyond)
    if (await isFree(port)) found.add(port)
  }
  if (found.size < count) throw new Error(`no ${count} free ports on 127.0.0.1 between ${lowest} and ${beyond}`)
  return [...found]
}

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer()
  const listens = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => resolve(true))
  })
  if (listens) await new Promise((resolve) => server.close(resolve))
  return listens
}
