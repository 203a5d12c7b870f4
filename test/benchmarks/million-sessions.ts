import type { Cluster } from '../cluster/cluster.ts'
import { bulkLoad } from '../faults/bulk-load.ts'
import { makeStore, untilEnded, type StoreUnderTest } from '../faults/flush-run.ts'
import { openLane } from '../faults/lane.ts'
import { timeFlush } from '../faults/time-flush.ts'
import type { Figure } from './figure.ts'
import { percentile } from './statistics.ts'

const sessions = 1_000_000

/** One GET after another, each timed, until told to stop. */
const startReading = (redis: StoreUnderTest['redis']) => {
  const tookMs: number[] = []
  const stop = new AbortController()
  const reading = (async () => {
    for (let index = 0; !stop.signal.aborted; index = (index + 7919) % sessions) {
      const startedMs = performance.now()
      await redis.get(`shop:session:${index}`)
      tookMs.push(performance.now() - startedMs)
    }
  })()
  return async (): Promise<readonly number[]> => {
    stop.abort()
    await reading
    return tookMs
  }
}

/** Revokes a million sessions `rounds` times, while the application reads. */
export const millionSessions = async (cluster: Cluster, rounds: number): Promise<readonly Figure[]> => {
  const lane = await openLane(cluster, 'bench-million')
  try {
    await lane.start()
    const store = await makeStore(lane, 'web', { memory: { maxmemory: '512Mi' } })
    const reader = store.redis.duplicate()
    reader.on('error', () => undefined)
    const deletedMs: number[] = []
    const readMs: number[] = []
    const idleMs: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      await bulkLoad(lane, store.name, sessions)
      const idle = startReading(reader)
      await new Promise((resolve) => setTimeout(resolve, 1000))
      idleMs.push(...(await idle()))
      const busy = startReading(reader)
      deletedMs.push((await timeFlush(lane, store, `flush-${round}`, { sessions })).createdToDeletedMs)
      readMs.push(...(await busy()))
      await untilEnded(lane, `flush-${round}`)
    }
    reader.disconnect()
    await store.close()
    const what = 'the same without a flush'
    return [
      { name: 'created to fenced and deleted, 1,000,000 sessions, p50', value: percentile(deletedMs, 0.5), unit: 'ms' },
      {
        name: 'created to fenced and deleted, 1,000,000 sessions, p95',
        value: percentile(deletedMs, 0.95),
        unit: 'ms',
      },
      ...[0.5, 0.99].map((share) => ({
        name: `GET of the application until the deletion, p${share * 100}`,
        value: percentile(readMs, share),
        unit: 'ms',
        baseline: { what, value: percentile(idleMs, share) },
      })),
    ]
  } finally {
    await lane.close()
  }
}
