import { expect, test } from 'vitest'
import { clusterWithoutOperator } from './without-operator.ts'
import { bulkLoad } from './bulk-load.ts'
import { makeStore, readFlush, untilEnded } from './flush-run.ts'
import { openLane } from './lane.ts'
import { timeFlush } from './time-flush.ts'

const cluster = clusterWithoutOperator()
const sessions = 1_000_000

test('a million sessions are gone, and writes refused, within 500 ms of the request', async () => {
  const lane = await openLane(cluster(), 'faults-million')
  try {
    await lane.start()
    const store = await makeStore(lane, 'web', { memory: { maxmemory: '512Mi' } })
    for (const name of ['first', 'second', 'third']) {
      await bulkLoad(lane, store.name, sessions)
      const { createdToDeletedMs } = await timeFlush(lane, store, name, { sessions })
      console.log(`${name}: ${createdToDeletedMs.toFixed(0)} ms`)
      expect(createdToDeletedMs).toBeLessThan(500)
      await untilEnded(lane, name)
      expect((await readFlush(lane, name)).status).toMatchObject({
        phase: 'Completed',
        plan: { matched: sessions, method: 'FlushDatabase' },
        nodes: [{ revoked: sessions, remaining: 0 }],
      })
    }
    await store.close()
  } finally {
    await lane.close()
  }
})
