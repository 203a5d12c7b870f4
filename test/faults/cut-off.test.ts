import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Cluster } from '../cluster/cluster.ts'
import { missing } from '../e2e/load/missing.ts'
import { expectSeeds, load, topology, untilWhole } from '../e2e/replicated/fixture.ts'
import { store, untilReady } from '../e2e/fixtures.ts'
import { clusterWithoutOperator } from './without-operator.ts'
import { flushDisturbed, type Strike } from './flush-disturbed.ts'
import { guarded, rotated } from './flush-run.ts'
import { openLane, type Lane } from './lane.ts'

const cluster = clusterWithoutOperator()

const name = 'web'

const nodeOf = async ({ objects, namespace }: Lane, pod: string): Promise<string> =>
  ((await objects.get('pod', pod, namespace))['spec'] as { nodeName: string }).nodeName

/** Nothing reaches that node any more, and nothing comes from it, until what this resolves with is called. */
const cutOff = async (at: Cluster, node: string): Promise<() => Promise<void>> => {
  const heals: (() => Promise<void>)[] = []
  const heal = async () => {
    for (const each of heals.splice(0)) await each()
  }
  try {
    for (const other of [...at.nodes().map((each) => each.name), 'control-plane'])
      if (other !== node) heals.push(await at.partition(node, other))
    return heal
  } catch (error) {
    await heal()
    throw error
  }
}

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
    const heal = await cutOff(at, on)
    try {
      await loaded.writer.untilWrites(markMs + 1000)
    } finally {
      await heal()
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

/** Longer than the operator waits for an answer of a node. */
const cutOffMs = 6_000

/** A replica that is alone on its node is cut off, and comes back while the flush waits for it. */
const cutReplicaOff = (): { readonly strike: Strike; readonly healed: () => Promise<void> } => {
  const healing: Promise<void>[] = []
  const strike: Strike = async (lane, { nodes = [], primary }) => {
    const taken = new Set([await nodeOf(lane, 'operator'), await nodeOf(lane, primary?.current ?? '')])
    const places = await Promise.all(nodes.map((node) => nodeOf(lane, node.name)))
    const place = places.find((node) => !taken.has(node))
    if (place === undefined) throw new Error(`no replica is on a node of its own: ${places.join(', ')}`)
    const heal = await cutOff(lane.cluster, place)
    healing.push(delay(cutOffMs).then(heal))
  }
  return {
    strike,
    healed: async () => {
      await Promise.all(healing)
    },
  }
}

test.each([
  ['every fourth write of a flush', 'faults-flush-cut-off', {}, 4],
  ['every eighth write of a guarded flush', 'faults-guard-cut-off', guarded, 8],
  ['every tenth write of one with new passwords', 'faults-rotated-cut-off', rotated, 10],
] as const)(
  'a replica is cut off at %s: it waits for it, and then no node has a session of before',
  async (_, namespace, spec, step) => {
    const { strike, healed } = cutReplicaOff()
    try {
      expect(await flushDisturbed(cluster(), namespace, { spec, step, strike })).toBeGreaterThanOrEqual(1)
    } finally {
      await healed()
    }
  },
)
