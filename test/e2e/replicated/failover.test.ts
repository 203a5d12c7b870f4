import { expect, test } from 'vitest'
import { missing } from '../load/missing.ts'
import { store, untilReady } from '../fixtures.ts'
import { suite } from '../suite.ts'
import { expectSeeds, loadedStore, topology, unload, untilWhole } from './fixture.ts'

const at = suite('e2e-failover')

test('a primary and two replicas are Ready, by a write through the Service, within 6 s (median of 3)', async () => {
  const { objects, namespace } = at()
  const seconds: number[] = []
  for (const run of [1, 2, 3]) {
    const startedMs = performance.now()
    await objects.apply(store(namespace, `quick-${run}`, { spec: topology() }))
    await untilReady(objects, namespace, `quick-${run}`)
    seconds.push((performance.now() - startedMs) / 1000)
    await untilWhole(at(), `quick-${run}`)
    console.log(`whole after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
    await objects.delete('sessionstore', `quick-${run}`, namespace)
  }
  console.log(`apply to Ready, 1 + 2: ${seconds.map((each) => each.toFixed(1)).join(', ')} s`)
  expect(seconds.toSorted((a, b) => a - b)[1]).toBeLessThanOrEqual(6)
})

test.each(['Redis', 'Valkey'] as const)(
  '%s: a killed primary is replaced within a second, and its replicas keep every session',
  async (engine) => {
    const { cluster, namespace } = at()
    const name = `killed-${engine.toLowerCase()}`
    const loaded = await loadedStore(at(), name, { engine })
    let { primary } = await untilWhole(at(), name)
    const gaps: number[] = []
    for (let run = 0; run < 3; run += 1) {
      const markMs = loaded.writer.mark()
      process.kill(await cluster.containerPid(namespace, primary?.current ?? '', 'redis'), 'SIGKILL')
      await loaded.writer.untilWrites(markMs + 300)
      ;({ primary } = await untilWhole(at(), name, { afterTerm: primary?.term ?? 0 }))
      gaps.push(markMs)
    }
    const report = await loaded.writer.stop()
    const measured = gaps.map((markMs) => report.gapMs(markMs, markMs + 5000))
    const lost = await missing(loaded.client.redis, report)
    console.log(
      `${engine} killed: gaps ${measured.map((ms) => ms.toFixed(0)).join(', ')} ms; lost ${lost}`,
      report.failures,
    )
    await expectSeeds(loaded)
    expect(Math.max(...measured)).toBeLessThanOrEqual(1400)
    await unload(at(), name, loaded)
  },
)
