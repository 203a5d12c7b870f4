import { sessionStores } from '../../src/api/resources.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { store } from '../e2e/fixtures.ts'
import { openLane } from '../faults/lane.ts'
import type { Figure } from './figure.ts'

const mebibyte = 1024 * 1024

/** Makes stores at once, then starts the operator anew. */
export const manyStores = async (cluster: Cluster, count: number): Promise<readonly Figure[]> => {
  const lane = await openLane(cluster, 'bench-stores')
  const { api, namespace, objects, proxy } = lane
  try {
    const first = await lane.start()
    await waitUntil('it leads', () => first.log().some(({ msg }) => msg === 'leading'), { timeoutMs: 30_000 })
    const emptyBytes = first.rssBytes()
    const small = { memory: { maxmemory: '32Mi' } }
    const names = Array.from({ length: count }, (_, index) => `store-${index}`)
    const appliedMs = performance.now()
    await objects.apply(...names.map((name) => store(namespace, name, { spec: small })))
    await waitUntil(
      'every store is ready',
      async () => {
        const all = await api.list(sessionStores, { namespace })
        return all.every(({ status }) =>
          status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
        )
      },
      { timeoutMs: 600_000, intervalMs: 500 },
    )
    const readyMs = performance.now() - appliedMs
    const fullBytes = first.rssBytes()

    first.signal('SIGTERM')
    await first.exited
    const from = proxy.writes.length
    const startedMs = performance.now()
    const second = await lane.start()
    await waitUntil('it leads again', () => second.log().some(({ msg }) => msg === 'leading'), { timeoutMs: 30_000 })
    const leadingMs = performance.now() - startedMs
    await new Promise((resolve) => setTimeout(resolve, 30_000))
    const writes = proxy.writes.slice(from).filter(({ resource }) => resource !== 'leases.coordination.k8s.io').length
    return [
      { name: `${count} stores applied at once until all are ready`, value: readyMs / 1000, unit: 's' },
      {
        name: `operator memory with ${count} stores`,
        value: fullBytes / mebibyte,
        unit: 'MiB',
        baseline: { what: 'without stores', value: emptyBytes / mebibyte },
      },
      { name: `restart with ${count} stores until it leads`, value: leadingMs / 1000, unit: 's' },
      {
        name: `writes in the 30 s after a restart with ${count} stores`,
        value: writes,
        unit: '',
        baseline: { what: 'nothing has changed', value: 0 },
      },
      {
        name: `operator memory after a restart with ${count} stores`,
        value: second.rssBytes() / mebibyte,
        unit: 'MiB',
      },
    ]
  } finally {
    await lane.close()
  }
}
