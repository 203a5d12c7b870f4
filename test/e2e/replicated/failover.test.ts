import { expect, test } from 'vitest'
import { bareRedisSeconds } from '../bare-redis.ts'
import { store, untilReady } from '../fixtures.ts'
import { missing } from '../load/missing.ts'
import { suite } from '../suite.ts'
import { expectSeeds, loadedStore, rest, topology, unload, untilWhole } from './fixture.ts'

const at = suite('e2e-failover')

test('a primary and two replicas are Ready, by a write through the Service, within 6 s (median of 3)', async () => {
  const { objects, namespace } = at()
  const seconds: number[] = []
  const bareSeconds: number[] = []
  for (const run of [1, 2, 3]) {
    const startedMs = performance.now()
    await objects.apply(store(namespace, `quick-${run}`, { spec: topology() }))
    await untilReady(objects, namespace, `quick-${run}`)
    seconds.push((performance.now() - startedMs) / 1000)
    await untilWhole(at(), `quick-${run}`)
    await objects.delete('sessionstore', `quick-${run}`, namespace)
    bareSeconds.push(await bareRedisSeconds(at(), `bare-${run}`, 3))
  }
  const list = (values: readonly number[]) => values.map((each) => each.toFixed(1)).join(', ')
  console.log(`apply to Ready, 1 + 2: ${list(seconds)} s; a bare StatefulSet of three pods: ${list(bareSeconds)} s`)
  expect(seconds.toSorted((a, b) => a - b)[1]).toBeLessThanOrEqual(6)
})

interface Loss {
  readonly what: string
  readonly engine: 'Redis' | 'Valkey'
  /** Bounds of the gap in writes, in ms. */
  readonly medianMs: number
  readonly worstMs: number
  readonly act: (namespace: string, pod: string) => Promise<void>
}

const kill = async (namespace: string, pod: string): Promise<void> => {
  process.kill(await at().cluster.containerPid(namespace, pod, 'redis'), 'SIGKILL')
}

const deletePod =
  (...args: readonly string[]) =>
  async (namespace: string, pod: string): Promise<void> => {
    await at().objects.run(['delete', 'pod', pod, '-n', namespace, '--wait=false', ...args])
  }

const losses: readonly Loss[] = [
  { what: 'killed', engine: 'Redis', medianMs: 1000, worstMs: 1400, act: kill },
  { what: 'killed', engine: 'Valkey', medianMs: 1000, worstMs: 1400, act: kill },
  { what: 'forced', engine: 'Redis', medianMs: 800, worstMs: 1300, act: deletePod('--grace-period=0', '--force') },
  { what: 'deleted', engine: 'Redis', medianMs: 300, worstMs: 600, act: deletePod() },
]

test.each(losses)(
  '$engine: a primary that is $what is replaced, and no acknowledged session is lost, three times',
  async ({ what, engine, medianMs, worstMs, act }) => {
    const { namespace } = at()
    const name = `${what}-${engine.toLowerCase()}`
    const loaded = await loadedStore(at(), name, { engine })
    let { primary } = await untilWhole(at(), name)
    const marksMs: number[] = []
    for (let run = 0; run < 3; run += 1) {
      await rest(at(), name, loaded)
      marksMs.push(loaded.writer.mark())
      await act(namespace, primary?.current ?? '')
      ;({ primary } = await untilWhole(at(), name, { afterTerm: primary?.term ?? 0 }))
    }
    const report = await loaded.writer.stop()
    const gaps = marksMs.map((markMs) => report.gapMs(markMs, markMs + 3000)).toSorted((a, b) => a - b)
    const lost = await missing(loaded.client.redis, report)
    console.log(
      `${engine} ${what}: gaps ${gaps.map((ms) => ms.toFixed(0)).join(', ')} ms; ${lost} lost`,
      report.failures,
    )
    await expectSeeds(loaded)
    // Replication is asynchronous: what a killed primary had acknowledged and not sent is gone, and the record says so.
    if (what !== 'killed') expect(lost).toBe(0)
    else expect(lost).toBeLessThanOrEqual(2)
    expect(gaps[1]).toBeLessThanOrEqual(medianMs)
    expect(gaps[2]).toBeLessThanOrEqual(worstMs)
    await unload(at(), name, loaded)
  },
)
