// node tunnel-relay.ts SOCKET HOST PORT: relays connections on a Unix socket to a TCP address. Ends with its parent.
import { connect, createServer } from 'node:net'

/** A client library gives up on a connection that is not made (ioredis after 10 s, redis-rb after 1 s); a SYN to an address that is gone is repeated for two minutes. */
const connectTimeoutMs = 1_000

const [, , path = '', host = '', port = '0'] = process.argv
const server = createServer((near) => {
  const far = connect({ host, port: Number(port) })
  const timer = setTimeout(() => far.destroy(), connectTimeoutMs)
  far.once('connect', () => clearTimeout(timer))
  near.pipe(far)
  far.pipe(near)
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
})
server.listen(path)
// The parent holds the other end of stdin: when it is gone, so are we.
process.stdin.on('end', () => process.exit(0))
process.stdin.resume()
