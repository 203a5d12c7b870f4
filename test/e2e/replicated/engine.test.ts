import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { otherEngineImage, otherEngines } from '../../cluster/images/catalog.ts'
import { engines, isReady, store, untilReady } from '../fixtures.ts'
import { missing } from '../load/missing.ts'
import { conditionOf, type KubeObject } from '../objects.ts'
import { suite } from '../suite.ts'
import { expectSeeds, load, loadedStore, statusOf, unhurried, unload, untilWhole, type Loaded } from './fixture.ts'

const at = suite('e2e-engine')

const { tag: image, version } = otherEngines.Valkey
/** Valkey before its own format: Redis reads what it has written. */
const valkey81 = { type: 'Valkey', version, image, fixesBackported: true }
const redis80 = { type: 'Redis', version: engines.Redis, image: null, fixesBackported: true }
const valkey91 = { type: 'Valkey', version: engines.Valkey, image: null, fixesBackported: true }

beforeAll(async () => {
  await at().cluster.loadImage((await otherEngineImage('Valkey', console.log)).archive)
})

const podUids = async (name: string): Promise<readonly (string | undefined)[]> =>
  (await at().objects.list('pods', at().namespace, '-l', `app.kubernetes.io/instance=${name}`)).map(
    ({ metadata }) => metadata.uid,
  )

const ask = async (name: string, engine: object): Promise<void> => {
  await at().objects.patch('sessionstore', name, at().namespace, { spec: { engine } })
}

const untilReason = (name: string, reason: string): Promise<KubeObject> =>
  at().objects.until(
    'sessionstore',
    name,
    at().namespace,
    reason,
    (each) => isReady(each) && conditionOf(each, 'EngineSupported')?.reason === reason,
  )

const expectNothingLost = async (loaded: Loaded): Promise<void> => {
  const report = await loaded.writer.stop()
  expect(await missing(loaded.client.redis, report)).toBe(0)
  await expectSeeds(loaded)
}

/** What `INFO` of each pod says it is. */
const running = async (name: string): Promise<ReadonlySet<string>> => {
  const { nodes = [] } = await untilWhole(at(), name)
  return new Set(nodes.map((node) => node.version.split('.').slice(0, 2).join('.')))
}

test('from Valkey 8.1 to Redis 8.0 under load: no session is lost; and from there to no Valkey', async () => {
  const { objects, namespace } = at()
  const loaded = await loadedStore(at(), 'moved', { spec: { engine: valkey81 }, ...unhurried })
  expect([...(await running('moved'))]).toEqual(['8.1'])
  await ask('moved', redis80)
  await objects.until(
    'sessionstore',
    'moved',
    namespace,
    'settled',
    (each) =>
      isReady(each) &&
      conditionOf(each, 'Progressing')?.reason === 'Settled' &&
      (statusOf(each).nodes ?? []).every((node) => node.version.startsWith('8.0')),
    150_000,
  )
  expect([...(await running('moved'))]).toEqual(['8.0'])
  const before = await podUids('moved')

  for (const engine of [valkey91, valkey81]) {
    await ask('moved', engine)
    const refused = await untilReason('moved', 'FormatNotReadable')
    expect(conditionOf(refused, 'EngineSupported')).toMatchObject({ status: 'False' })
    expect(conditionOf(refused, 'EngineSupported')?.message).toContain(
      `Valkey ${engine.version} cannot read what Redis 8.0 has written, so the store stays with that. Set spec.engine back to Redis "8.0"`,
    )
  }
  // Long enough for a pod to be replaced.
  await delay(10_000)
  expect(await podUids('moved')).toEqual(before)
  expect(statusOf(await objects.get('sessionstore', 'moved', namespace)).engine).toMatchObject({ type: 'Redis' })
  await ask('moved', redis80)
  await untilReason('moved', 'FixesBackported')
  await expectNothingLost(loaded)
  await unload(at(), 'moved', loaded)
})

test('an image that cannot be had: nothing of it has run, so the engine of before comes back', async () => {
  const { objects, namespace } = at()
  const loaded = await loadedStore(at(), 'back', unhurried)
  await ask('back', { ...redis80, version: '8.4', image: 'docker.io/library/redis:nowhere' })
  await objects.until('sessionstore', 'back', namespace, 'a replica away', (each) => {
    const { nodes = [] } = statusOf(each)
    return conditionOf(each, 'Progressing')?.reason === 'ReplicasSyncing' || nodes.length < 3
  })
  expect(statusOf(await objects.get('sessionstore', 'back', namespace)).engine).toMatchObject({ version: '8.0' })
  await ask('back', redis80)
  await untilWhole(at(), 'back')
  await untilReason('back', 'FixesBackported')
  await expectNothingLost(loaded)
  await unload(at(), 'back', loaded)
})

test('with a claim: Valkey 9.1 does not go back to 8.1, whose server could not read the volume', async () => {
  const { objects, namespace } = at()
  const persistence = { mode: 'AppendOnly', claim: {} }
  await objects.apply(store(namespace, 'kept', { engine: 'Valkey', spec: { persistence } }))
  await untilReady(objects, namespace, 'kept')
  const loaded = await load(at(), 'kept', 1000, unhurried)
  const before = await podUids('kept')
  await ask('kept', valkey81)
  await untilReason('kept', 'FormatNotReadable')
  await delay(5_000)
  expect(await podUids('kept')).toEqual(before)
  await expectNothingLost(loaded)
  await unload(at(), 'kept', loaded)
})
