import { once } from 'node:events'
import { connect } from 'node:net'
import { secretData } from '../e2e/objects.ts'
import { openTunnel } from '../e2e/tunnel.ts'
import type { Lane } from './lane.ts'

const batch = 10_000
const ok = Buffer.from('+OK\r\n')

/** Writes sessions as connect-redis does, by the bulk protocol and without a client library: a million in some seconds. */
export const bulkLoad = async (lane: Lane, storeName: string, count: number): Promise<void> => {
  const { cluster, namespace, objects } = lane
  const login = secretData(await objects.get('secret', `${storeName}-web`, namespace))
  const service = await objects.get('service', storeName, namespace)
  const { clusterIP } = service['spec'] as { clusterIP: string }
  const tunnel = await openTunnel(cluster, namespace, 'client', clusterIP, Number(login['port']))
  const socket = connect(tunnel.path)
  try {
    let received = 0
    let refusal = ''
    const expected = ok.length * (count + 1)
    const done = new Promise<void>((resolve, reject) => {
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length
        if (chunk.includes('-')) refusal ||= chunk.toString('latin1').slice(0, 200)
        if (refusal !== '') reject(new Error(`Redis refused: ${refusal}`))
        else if (received >= expected) resolve()
      })
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('Redis closed the connection')))
    })
    done.catch(() => undefined)
    socket.write(command('AUTH', login['username'] ?? '', login['password'] ?? ''))
    for (let start = 0; start < count; start += batch) {
      let text = ''
      for (let index = start; index < Math.min(start + batch, count); index += 1)
        text += command('SET', `shop:session:${index}`, `{"cookie":{},"user":"user-${index}"}`, 'EX', '3600')
      if (!socket.write(text, 'latin1')) await Promise.race([once(socket, 'drain'), done])
    }
    await done
  } finally {
    socket.destroy()
    await tunnel.close()
  }
}

const command = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`
