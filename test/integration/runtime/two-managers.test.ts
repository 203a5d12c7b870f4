import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { leases } from '../../../src/kubernetes/elector.ts'
import { configMaps } from '../../../src/kubernetes/kinds.ts'
import type { ApiClient } from '../../../src/kubernetes/transport.ts'
import { type ApiServer, startApiServer } from '../api-server.ts'
import type { FaultProxy } from '../fault-proxy.ts'
import { clientOf, configMap, eventually, newNamespace, onTestEnd, proxyOf } from './fixture.ts'

let server: ApiServer
let client: ApiClient
let namespace: string

beforeAll(async () => {
  server = await startApiServer()
})
afterAll(() => server.stop())
beforeEach(async () => {
  client = clientOf(server.kubeconfig)
  namespace = await newNamespace(client)
  await client.create(configMaps, configMap(namespace, 'log'))
})

interface Process {
  readonly child: ChildProcess
  readonly output: string[]
  readonly ended: Promise<number | null>
}

const program = join(import.meta.dirname, 'paused-leader.ts')

const start = (kubeconfig: string, name: string, workers = 4): Process => {
  const child = spawn(process.execPath, [program, kubeconfig, namespace, name, String(workers)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output: string[] = []
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => output.push(...text.split('\n').filter((line) => line !== '')))
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', resolve)
  })
  onTestEnd(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, output, ended }
}

const holder = async () => (await client.get(leases, { namespace, name: 'leader' })).spec?.holderIdentity?.split('_')[0]

/** Writes that came through a proxy, but those of the leader election. */
const writesOf = (proxy: FaultProxy) => proxy.writes.filter(({ resource }) => resource === 'configmaps').length

describe('of two managers', () => {
  test('one that is stopped past its lease writes nothing when it wakes, and ends', async () => {
    // each behind a proxy of its own, which counts what comes
    const [left, right] = [await proxyOf(server.kubeconfig), await proxyOf(server.kubeconfig)]
    const first = start(left.kubeconfig, 'first')
    await eventually(() => writesOf(left) > 50, true)
    const second = start(right.kubeconfig, 'second')
    await eventually(() => second.output, [])
    first.child.kill('SIGSTOP')
    await eventually(() => writesOf(right) > 50, true)
    expect(await holder()).toBe('second')
    // whatever it had handed to the kernel before it was stopped has long arrived
    const [before, requests] = [writesOf(left), left.requests.length]
    first.child.kill('SIGCONT')
    expect(await first.ended).toBe(3)
    expect(writesOf(left)).toBe(before)
    expect(left.requests.slice(requests).filter(({ method }) => method !== 'GET')).toEqual([])
    expect(first.output.filter((line) => !line.startsWith('refused'))).toEqual([
      'leading',
      expect.stringMatching(/^error lost the lease .*it was not renewed in time/) as string,
    ])
    const now = writesOf(right)
    await eventually(() => writesOf(right) > now, true)
    expect(await holder()).toBe('second')
  })

  test('one that was killed is replaced within its lease and a few tries', async () => {
    const first = start(server.kubeconfig, 'first')
    await eventually(() => first.output, ['leading'])
    const second = start(server.kubeconfig, 'second')
    await eventually(async () => await holder(), 'first')
    first.child.kill('SIGKILL')
    await first.ended
    const startedMs = performance.now()
    await eventually(() => second.output, ['leading'])
    expect(performance.now() - startedMs).toBeLessThan(5000 + 3 * 660 + 5000)
    expect((await client.get(leases, { namespace, name: 'leader' })).spec?.leaseTransitions).toBe(1)
  })

  test('one that is told to end releases the lease, and ends well', async () => {
    const first = start(server.kubeconfig, 'first')
    await eventually(() => first.output, ['leading'])
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(await holder()).toBe('')
  })

  test('one whose API server is away ends, and the lease waits for the next', async () => {
    const first = start(server.kubeconfig, 'first')
    await eventually(() => first.output, ['leading'])
    server.pauseEtcd()
    onTestEnd(() => server.resumeEtcd())
    expect(await first.ended).toBe(3)
    server.resumeEtcd()
    const second = start(server.kubeconfig, 'second')
    await eventually(() => second.output, ['leading'])
  })

  test.each(['before', 'after'] as const)(
    'one that is killed %s its fourth write takes effect has written three or four, and is replaced',
    async (when) => {
      const proxy = await proxyOf(server.kubeconfig)
      const first = start(proxy.kubeconfig, 'first', 1)
      const kill = async () => {
        first.child.kill('SIGKILL')
        await first.ended
      }
      const hook = when === 'before' ? { before: async () => (await kill(), 'drop' as const) } : { after: kill }
      const match = { verb: 'patch', resource: 'configmaps' } as const
      const fault = proxy.faults.set(match, { kind: 'hook', ...hook }, { nth: 4 })
      await first.ended
      expect(fault.hits).toBe(1)
      const second = start(proxy.kubeconfig, 'second')
      await eventually(() => second.output, ['leading'])
      const { data } = await client.get(configMaps, { namespace, name: 'log' })
      // its writes count from 0; the fourth was the last
      expect(data?.['first-0']).toBe(when === 'before' ? '2' : '3')
    },
  )
})
