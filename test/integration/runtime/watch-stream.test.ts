import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KubeConfig } from '@kubernetes/client-node'
import { describe, expect, test } from 'vitest'
import { configMaps } from '../../../src/kubernetes/kinds.ts'
import { createClient } from '../../../src/kubernetes/transport.ts'
import { onTestEnd } from './fixture.ts'

/** A client of a server that answers a watch as `answer` does, byte by byte if it likes. */
const clientOf = async (answer: (response: ServerResponse) => void) => {
  const server = createServer((_request, response) => answer(response))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromClusterAndUser(
    { name: 'c', server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, skipTLSVerify: true },
    { name: 'u' },
  )
  const client = createClient({ kubeConfig, userAgent: 'test' })
  onTestEnd(async () => {
    await client.close()
    server.closeAllConnections()
    server.close()
  })
  return client
}

const event = (type: string, value: string) =>
  `${JSON.stringify({ type, object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { value } } })}\n`

const read = async (answer: (response: ServerResponse) => void, stallMs = 5000) => {
  const client = await clientOf(answer)
  const values: string[] = []
  let failure: unknown
  try {
    const watch = { namespace: 'x', timeoutSeconds: 60, stallMs, signal: new AbortController().signal }
    for await (const { type, object } of client.watch(configMaps, watch)) {
      values.push(`${type} ${'data' in object ? object.data?.['value'] : ''}`)
    }
  } catch (error) {
    failure = error
  }
  return { values, failure }
}

describe('a watch', () => {
  test('puts together lines and characters that arrive in pieces', async () => {
    const bytes = Buffer.from(event('ADDED', 'häppchen 🍪') + event('MODIFIED', 'zwei') + event('DELETED', '\n'))
    const { values, failure } = await read((response) => {
      const send = (index: number) => {
        if (index === bytes.length) response.end()
        else response.write(bytes.subarray(index, index + 1), () => send(index + 1))
      }
      send(0)
    })
    expect(failure).toBeUndefined()
    expect(values).toEqual(['ADDED häppchen 🍪', 'MODIFIED zwei', 'DELETED \n'])
  })

  test('gives what came before it failed, then says how it failed', async () => {
    const gone = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } }
    const { values, failure } = await read((response) => {
      response.end(event('ADDED', '1') + JSON.stringify(gone) + '\n')
    })
    expect(values).toEqual(['ADDED 1'])
    expect(failure).toMatchObject({ status: 410, kind: 'retryable', reason: 'Expired' })
  })

  test('takes a broken connection, a cut event and nonsense for failures that pass', async () => {
    const broken = await read((response) => {
      response.write(event('ADDED', '1'), () => response.socket?.resetAndDestroy())
    })
    expect(broken.failure).toMatchObject({ kind: 'retryable', status: 0 })
    const nonsense = await read((response) => void response.end('<html>\n'))
    expect(nonsense.failure).toMatchObject({
      kind: 'retryable',
      message: expect.stringContaining('not JSON') as string,
    })
    const refused = await read((response) => void response.writeHead(502).end('<html>'))
    expect(refused.failure).toMatchObject({ kind: 'retryable', status: 502 })
  })

  test('is cut when nothing comes for too long, before the headers or after an event', async () => {
    const mute = await read(() => undefined, 200)
    expect(mute.failure).toMatchObject({ reason: 'Stalled' })
    const silent = await read((response) => void response.write(event('ADDED', '1')), 200)
    expect(silent).toMatchObject({ values: ['ADDED 1'], failure: { reason: 'Stalled' } })
  })

  test('lets go of the connection when its reader leaves', async () => {
    let closed = false
    const client = await clientOf((response) => {
      response.on('close', () => {
        closed = true
      })
      response.write(event('ADDED', '1'))
    })
    const { signal } = new AbortController()
    for await (const _ of client.watch(configMaps, { timeoutSeconds: 60, stallMs: 5000, signal })) break
    await expect.poll(() => closed).toBe(true)
  })
})
