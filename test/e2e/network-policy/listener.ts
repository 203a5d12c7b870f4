// Runs inside a pod's network namespace. Listens on the ports that policies speak of, and tries connections: each line
// of its input is a JSON list of targets, each line of its output the list of whether they answered.
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { tcpPorts, udpPorts, type Target } from './target.ts'

/** A node away takes under a millisecond; a drop is silence for this long. */
const silenceMs = 350

for (const port of tcpPorts) createServer((socket) => socket.end('ok')).listen(port, '0.0.0.0')
for (const port of udpPorts) {
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => socket.send(message, from.port, from.address))
  socket.bind(port)
}

const tryTcp = ({ ip, port }: Target): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: ip, port, timeout: silenceMs })
    const settle = (answered: boolean): void => {
      socket.destroy()
      resolve(answered)
    }
    socket.on('data', () => settle(true))
    socket.on('error', () => settle(false))
    socket.on('timeout', () => settle(false))
  })

const tryUdp = ({ ip, port }: Target): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4') // a new source port each time: an old flow would count as established
    const settle = (answered: boolean): void => {
      clearTimeout(timer)
      socket.close()
      resolve(answered)
    }
    const timer = setTimeout(() => settle(false), silenceMs)
    socket.on('message', () => settle(true))
    socket.on('error', () => settle(false))
    socket.send('?', port, ip)
  })

for await (const line of createInterface({ input: process.stdin })) {
  const targets = JSON.parse(line) as readonly Target[]
  const answers = await Promise.all(
    targets.map((target) => (target.protocol === 'TCP' ? tryTcp(target) : tryUdp(target))),
  )
  console.log(JSON.stringify(answers))
}
process.exit(0)
