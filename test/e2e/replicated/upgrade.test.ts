import { afterAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/wait-until.ts'
import { operatorNamespace, store, untilReady } from '../fixtures.ts'
import { installOperator, operatorImage } from '../install.ts'
import { missing } from '../load/missing.ts'
import { nextVersion } from '../next-version.ts'
import { conditionOf } from '../objects.ts'
import { suite } from '../suite.ts'
import { expectSeeds, load, loadedStore, unhurried, unload, untilWhole } from './fixture.ts'

const at = suite('e2e-upgrade')

const install = async (image?: Awaited<ReturnType<typeof operatorImage>>) =>
  await installOperator(at().cluster, { namespace: operatorNamespace, watch: 'all', ...(image ? { image } : {}) })

afterAll(async () => {
  await install()
})

/** Which pods there are, and how often their containers have started. */
const podsOf = async (name: string) => {
  const pods = await at().objects.list('pods', at().namespace, '-l', `app.kubernetes.io/instance=${name}`)
  return pods.map(({ metadata, ...pod }) => {
    const { containerStatuses = [] } = pod['status'] as { containerStatuses?: readonly { restartCount: number }[] }
    return [metadata.uid, ...containerStatuses.map(({ restartCount }) => restartCount)]
  })
}

test('the operator is upgraded under load: no pod restarts, no request fails, and the new one is in charge', async () => {
  const { objects, namespace } = at()
  const next = await operatorImage(() => undefined, nextVersion)
  const replicated = await loadedStore(at(), 'many', { spec: { tls: { mode: 'Managed' } }, ...unhurried })
  await objects.apply(store(namespace, 'one'))
  await untilReady(objects, namespace, 'one')
  const standalone = await load(at(), 'one', 1000, unhurried)
  const before = [await podsOf('many'), await podsOf('one')]
  const marks = [replicated, standalone].map(({ writer }) => writer.mark())
  await install(next)
  // kubectl may choose a pod of before that is still going.
  await waitUntil(
    'the next version runs',
    async () =>
      (await objects.run(['logs', '-n', operatorNamespace, 'deployment/session-store-operator'])).includes(
        '"version":"0.2.0-next"',
      ),
    { timeoutMs: 30_000 },
  )
  // Something for the new one to do: it is in charge when it has done it.
  await objects.patch('sessionstore', 'many', namespace, { spec: { memory: { maxmemory: '96Mi' } } })
  await objects.until(
    'sessionstore',
    'many',
    namespace,
    'settled',
    (each) =>
      conditionOf(each, 'Progressing')?.reason === 'Settled' && conditionOf(each, 'Progressing')?.status === 'False',
  )
  await untilWhole(at(), 'many')
  expect([await podsOf('many'), await podsOf('one')]).toEqual(before)
  for (const [index, loaded] of [replicated, standalone].entries()) {
    const report = await loaded.writer.stop()
    expect(report.failedAttempts.filter(({ atMs }) => atMs > (marks[index] ?? 0))).toEqual([])
    expect(await missing(loaded.client.redis, report)).toBe(0)
    await expectSeeds(loaded)
    await unload(at(), index === 0 ? 'many' : 'one', loaded)
  }
})
