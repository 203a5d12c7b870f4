import { expect, test } from 'vitest'
import { connectClient, countSessions, isReady, store, untilReady, writeSessions } from '../fixtures.ts'
import { missing } from '../load/missing.ts'
import { conditionOf, type KubeObject } from '../objects.ts'
import { suite } from '../suite.ts'
import { expectSeeds, loadedStore, rest, statusOf, topology, unload, untilWhole } from './fixture.ts'

const at = suite('e2e-change')

const podUids = async (name: string): Promise<readonly (string | undefined)[]> => {
  const pods = await at().objects.list('pods', at().namespace, '-l', `app.kubernetes.io/instance=${name}`)
  return pods.map(({ metadata }) => metadata.uid).toSorted((a, b) => (a ?? '').localeCompare(b ?? ''))
}

const isSettled = (each: KubeObject): boolean => isReady(each) && conditionOf(each, 'Progressing')?.reason === 'Settled'

/** The longest gap in writes between a change of the spec and its end, in ms. */
const change = async (name: string, spec: object, replicas = 2): Promise<void> => {
  const { objects, namespace } = at()
  await objects.patch('sessionstore', name, namespace, { spec })
  await objects.until('sessionstore', name, namespace, 'settled', isSettled, 150_000)
  await untilWhole(at(), name, { replicas })
}

test('pods are replaced one by one under load, by hand-over, and no acknowledged session is lost', async () => {
  const loaded = await loadedStore(at(), 'rolled')
  const before = await podUids('rolled')
  await rest(at(), 'rolled', loaded)
  const markMs = loaded.writer.mark()
  await change('rolled', { pod: { resources: { cpuRequest: '60m' } } })
  const after = await podUids('rolled')
  expect(after.filter((uid) => before.includes(uid))).toEqual([])
  const { primary } = await untilWhole(at(), 'rolled')
  expect(primary?.change).toMatchObject({ basis: 'Handover', planned: true, mayBeLostBytes: 0 })
  const report = await loaded.writer.stop()
  const lost = await missing(loaded.client.redis, report)
  console.log(`rolled: gap ${report.gapMs(markMs).toFixed(0)} ms, ${lost} lost`, report.failures)
  expect(lost).toBe(0)
  expect(report.gapMs(markMs)).toBeLessThanOrEqual(600)
  await expectSeeds(loaded)
  await unload(at(), 'rolled', loaded)
})

test('replicas more and fewer, memory and clients: the pods that stay are not touched, and nothing is lost', async () => {
  const loaded = await loadedStore(at(), 'scaled')
  const before = await podUids('scaled')
  const markMs = loaded.writer.mark()
  await change('scaled', { memory: { maxmemory: '96Mi' } })
  const other = { name: 'admin', from: [{ podSelector: { matchLabels: { app: 'admin' } } }] }
  const web = { name: 'web', from: [{ podSelector: { matchLabels: { app: 'web' } } }] }
  await change('scaled', { clients: [web, other] })
  expect(await podUids('scaled')).toEqual(before)
  await change('scaled', topology(3), 3)
  expect((await podUids('scaled')).filter((uid) => before.includes(uid))).toEqual(before)
  // Down to one replica: whoever is the primary, it hands over to one that stays.
  await change('scaled', topology(1), 1)
  expect(['scaled-0', 'scaled-1']).toContain((await untilWhole(at(), 'scaled', { replicas: 1 })).primary?.current)
  const report = await loaded.writer.stop()
  const lost = await missing(loaded.client.redis, report)
  console.log(`scaled: gap ${report.gapMs(markMs).toFixed(0)} ms, ${lost} lost`, report.failures)
  expect(lost).toBe(0)
  expect(report.gapMs(markMs)).toBeLessThanOrEqual(1000)
  await expectSeeds(loaded)
  await unload(at(), 'scaled', loaded)
})

test('a Standalone store becomes Replicated with its sessions', async () => {
  const { cluster, objects, namespace } = at()
  await objects.apply(store(namespace, 'grown'))
  await untilReady(objects, namespace, 'grown')
  const client = await connectClient(cluster, objects, namespace, 'grown')
  await writeSessions(client.redis, 1000)
  await change('grown', topology())
  expect(await countSessions(client.redis, 1000)).toBe(1000)
  const object = await objects.get('sessionstore', 'grown', namespace)
  expect(statusOf(object).nodes).toHaveLength(3)
  client.redis.disconnect()
  await client.close()
  await objects.delete('sessionstore', 'grown', namespace)
})
