import { expect, test } from 'vitest'
import { missing } from '../e2e/load/missing.ts'
import { expectSeeds, load, topology, untilWhole } from '../e2e/replicated/fixture.ts'
import { store, untilReady } from '../e2e/fixtures.ts'
import { clusterWithoutOperator } from './without-operator.ts'
import { openLane, type Lane } from './lane.ts'

const cluster = clusterWithoutOperator()

const name = 'web'

const nodeOf = async ({ objects, namespace }: Lane, pod: string): Promise<string> =>
  ((await objects.get('pod', pod, namespace))['spec'] as { nodeName: string }).nodeName

/** Has the primary hand over until it is on another node than this one, alone; resolves with its pod and node. */
const leave = async (
  lane: Lane,
  node: string,
): Promise<{ readonly pod: string; readonly on: string; readonly term: number }> => {
  let afterTerm = 0
  for (let tries = 0; tries < 4; tries += 1) {
    const { primary } = await untilWhole(lane, name, { afterTerm })
    const pod = primary?.current ?? ''
    const on = await nodeOf(lane, pod)
    if (on !== node) return { pod, on, term: primary?.term ?? 0 }
    afterTerm = primary?.term ?? 0
    await lane.objects.run(['delete', 'pod', pod, '-n', lane.namespace, '--wait=true'])
  }
  throw new Error(`the primary is on ${node} again and again`)
}

test('a primary whose node is cut off is replaced within 15 s, and nothing that was acknowledged before is lost', async () => {
  const lane = await openLane(cluster(), 'faults-cut-off')
  const { cluster: at, objects, namespace } = lane
  try {
    await lane.start()
    await objects.apply(store(namespace, name, { spec: topology() }))
    await untilReady(objects, namespace, name)
    const mine = await nodeOf(lane, 'operator')
    const { pod, on, term } = await leave(lane, mine)
    const loaded = await load(lane, name)
    const markMs = loaded.writer.mark()
    const heals: (() => Promise<void>)[] = []
    try {
      for (const other of [...at.nodes().map((node) => node.name), 'control-plane']) {
        if (other !== on) heals.push(await at.partition(on, other))
      }
      await loaded.writer.untilWrites(markMs + 1000)
    } finally {
      for (const heal of heals) await heal()
    }
    const { primary } = await untilWhole(lane, name, { afterTerm: term })
    expect(primary?.current).not.toBe(pod)
    const report = await loaded.writer.stop()
    const gapMs = report.gapMs(markMs, markMs + 30_000)
    console.log(`cut off: writes again after ${gapMs.toFixed(0)} ms`)
    expect(gapMs).toBeLessThanOrEqual(15_000)
    // The writer is on the side that goes on, so whatever was acknowledged to it before had come to it, or to a replica that may be out of reach.
    expect(await missing(loaded.client.redis, report)).toBe(0)
    await expectSeeds(loaded)
    loaded.client.redis.disconnect()
    await loaded.client.close()
  } finally {
    await lane.close()
  }
})
