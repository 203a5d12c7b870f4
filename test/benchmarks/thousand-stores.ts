import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { flushSessions, sessionStores, type FlushSessions, type SessionStore } from '../../src/api/resources.ts'
import { createClient } from '../../src/kubernetes/transport.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { flush, store } from '../e2e/fixtures.ts'
import { startOperator, type OperatorProcess } from '../faults/operator-process.ts'
import { startApiServer } from '../integration/api-server.ts'
import { chart, helm, kubectl, output } from '../integration/chart/install.ts'
import { startFaultProxy } from '../integration/fault-proxy.ts'
import type { Figure } from './figure.ts'
import { startHollowKubelet } from './hollow-kubelet.ts'
import { percentile } from './statistics.ts'

const namespace = 'shops'
const mebibyte = 2 ** 20
const flushes = 20
/** The controllers of a cluster of this size are given more than the defaults of a small one. */
const controllerArgs = ['--kube-api-qps=300', '--kube-api-burst=600', '--concurrent-statefulset-syncs=20']
/** Nothing has been written for so long: it is steady. In ms. */
const steadyMs = 5_000
const idleMs = 60_000

/** A thousand stores on a real API server, each with a Redis of its own; kubelet and scheduler are left out. */
export const thousandStores = async (count: number): Promise<readonly Figure[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'thousand-stores-'))
  const server = await startApiServer({ controllers: true, controllerArgs })
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(server.kubeconfig)
  const api = createClient({ kubeConfig, userAgent: 'thousand-stores' })
  const operators: OperatorProcess[] = []
  for (const name of ['ops', namespace]) await output(kubectl(server, ['create', 'namespace', name]))
  await output(helm(server, 'install', 'session-store-operator', chart, '--namespace=ops', '--set=replicas=0'))
  const proxy = await startFaultProxy({ target: server.kubeconfig })
  const kubelet = await startHollowKubelet(api, namespace)
  const engines = join(folder, 'engines.yaml')
  writeFileSync(engines, JSON.stringify({ Redis: { '8.0': { image: 'redis:8.0' } }, Valkey: {} }))
  const start = async (): Promise<OperatorProcess> => {
    const operator = await startOperator({
      netns: '/proc/self/ns/net',
      kubeconfig: proxy.kubeconfig,
      logFile: join(folder, `operator-${operators.length}.log`),
      args: [
        '--operator-namespace=ops',
        `--namespaces=${namespace}`,
        '--name=session-store-operator',
        `--identity=operator-${operators.length}`,
        `--engines=${engines}`,
        `--audit-log=${join(folder, 'audit')}`,
        '--health-port=0',
        '--metrics-port=0',
      ],
    })
    operators.push(operator)
    await waitUntil('it leads', () => operator.log().some(({ msg }) => msg === 'leading'), { timeoutMs: 60_000 })
    return operator
  }
  const writes = (from: number) =>
    proxy.writes.slice(from).filter(({ resource }) => resource !== 'leases.coordination.k8s.io')
  const steady = async (): Promise<void> => {
    for (let seen = -1, since = performance.now(); performance.now() - since < steadyMs; await delay(200)) {
      const written = writes(0).length
      if (written === seen) continue
      seen = written
      since = performance.now()
    }
  }
  const ready = async (): Promise<number> => {
    const all = await api.list(sessionStores, { namespace })
    return all.filter(({ status }) =>
      status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
    ).length
  }
  /** From the request that creates it to the fence, in ms. */
  const timeFlush = async (name: string, storeName: string): Promise<number> => {
    const startedMs = performance.now()
    await api.create(flushSessions, flush(namespace, name, storeName, { drain: '1s' }) as unknown as FlushSessions)
    for (;;) {
      const { status } = await api.get(flushSessions, { namespace, name })
      if (status?.conditions?.some(({ type, status: value }) => type === 'Deleted' && value === 'True'))
        return performance.now() - startedMs
      if (status?.phase === 'Failed') throw new Error(JSON.stringify(status.outcome))
      await delay(5)
    }
  }
  const timeFlushes = async (prefix: string): Promise<readonly number[]> => {
    const times: number[] = []
    for (let at = 0; at < flushes; at += 1)
      times.push(await timeFlush(`${prefix}-${at}`, `store-${Math.floor((at * count) / flushes)}`))
    return times
  }

  try {
    const first = await start()
    const emptyBytes = first.rssBytes()
    const names = Array.from({ length: count }, (_, index) => `store-${index}`)
    const createdMs = performance.now()
    const rest = names.values()
    const create = async () => {
      for (const name of rest) {
        const object = store(namespace, name, { spec: { memory: { maxmemory: '32Mi' } } })
        await api.create(sessionStores, object as unknown as SessionStore)
      }
    }
    await Promise.all(Array.from({ length: 8 }, create))
    let shown = 0
    await waitUntil(
      `${count} stores are ready`,
      async () => {
        const number = await ready()
        if (number >= shown + 100) console.log(`${(shown = number)} of ${count} ready, ${kubelet.running()} Redis`)
        return number === count
      },
      { timeoutMs: 900_000, intervalMs: 1_000 },
    )
    const readyMs = performance.now() - createdMs
    await steady()
    const steadyAfterMs = performance.now() - createdMs - steadyMs
    const fullBytes = first.rssBytes()
    const idleFrom = proxy.writes.length
    await delay(idleMs)
    const idleWrites = writes(idleFrom)
    const quiet = await timeFlushes('quiet')
    await steady()

    first.signal('SIGTERM')
    await first.exited
    const from = proxy.writes.length
    const restartedMs = performance.now()
    const second = await start()
    const leadingMs = performance.now() - restartedMs
    // Every store is looked at again now.
    const busy = await timeFlushes('busy')
    await steady()
    const own = writes(from).filter(({ name }) => !name.startsWith('busy-'))
    console.log([...new Set(own.map(({ method, resource }) => `${method} ${resource}`))].join(', '))
    return [
      { name: `${count} stores created until all are ready`, value: readyMs / 1000, unit: 's' },
      { name: 'until the last write', value: steadyAfterMs / 1000, unit: 's' },
      {
        name: 'operator memory',
        value: fullBytes / mebibyte,
        unit: 'MiB',
        baseline: { what: 'without stores', value: emptyBytes / mebibyte },
      },
      { name: 'writes in a minute of nothing', value: idleWrites.length, unit: '' },
      { name: 'restart until it leads', value: leadingMs / 1000, unit: 's' },
      { name: 'operator memory after a restart', value: second.rssBytes() / mebibyte, unit: 'MiB' },
      ...([0.5, 0.95] as const).map((share) => ({
        name: `flush created until everything is deleted, just after a restart, p${share * 100} of ${flushes}`,
        value: percentile(busy, share),
        unit: 'ms',
        baseline: { what: 'at rest', value: percentile(quiet, share) },
      })),
    ]
  } finally {
    for (const operator of operators) {
      operator.signal('SIGKILL')
      await operator.exited
    }
    await kubelet.stop()
    await proxy.stop()
    await api.close()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
