import type { Cluster } from '../cluster/cluster.ts'
import { clientPod, restrictedNamespace, untilRunning } from '../e2e/fixtures.ts'
import { missing } from '../e2e/load/missing.ts'
import { Kubectl } from '../e2e/kubectl.ts'
import { Objects } from '../e2e/objects.ts'
import { loadedStore, rest, unload, untilWhole } from '../e2e/replicated/fixture.ts'
import type { Suite } from '../e2e/suite.ts'
import type { Figure } from './figure.ts'
import { percentile } from './statistics.ts'

/** A gap is looked for in this time after the act, in ms. */
const windowMs = 3_000

type Act = (suite: Suite, pod: string) => Promise<void>

const deletePod =
  (...args: readonly string[]): Act =>
  async ({ objects, namespace }, pod) => {
    await objects.run(['delete', 'pod', pod, '-n', namespace, '--wait=false', ...args])
  }

const acts: readonly (readonly [string, Act])[] = [
  [
    'killed',
    async ({ cluster, namespace }, pod) => {
      process.kill(await cluster.containerPid(namespace, pod, 'redis'), 'SIGKILL')
    },
  ],
  ['deleted by force', deletePod('--grace-period=0', '--force')],
  ['deleted', deletePod()],
]

/** How long writes stop when a primary is lost or gives over, `rounds` times each, and how many acknowledged sessions are gone afterwards. */
export const primaryLost = async (cluster: Cluster, rounds: number): Promise<readonly Figure[]> => {
  const namespace = 'bench-primary'
  const objects = new Objects(new Kubectl(cluster))
  const suite = { cluster, objects, namespace }
  await objects.run(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=true'])
  await objects.apply(restrictedNamespace(namespace), clientPod(namespace, 'client', { app: 'web' }))
  await untilRunning(objects, namespace, 'client')
  const figures: Figure[] = []
  for (const [what, act] of acts) {
    const name = what.replaceAll(' ', '-')
    const loaded = await loadedStore(suite, name)
    let { primary } = await untilWhole(suite, name)
    const marksMs: number[] = []
    const idleMs: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      await rest(suite, name, loaded)
      const markMs = loaded.writer.mark()
      marksMs.push(markMs)
      idleMs.push(markMs - 2_000)
      await act(suite, primary?.current ?? '')
      ;({ primary } = await untilWhole(suite, name, { afterTerm: primary?.term ?? 0 }))
    }
    const report = await loaded.writer.stop()
    const gapsMs = marksMs.map((markMs) => report.gapMs(markMs, markMs + windowMs))
    const idle = idleMs.map((fromMs) => report.gapMs(fromMs, fromMs + 1_000))
    const lost = await missing(loaded.client.redis, report)
    const baseline = (share: number) => ({
      what: 'between two writes when nothing happens',
      value: percentile(idle, share),
    })
    figures.push(
      {
        name: `primary ${what}: gap in writes, median of ${rounds}`,
        value: percentile(gapsMs, 0.5),
        unit: 'ms',
        baseline: baseline(0.5),
      },
      {
        name: `primary ${what}: gap in writes, worst of ${rounds}`,
        value: percentile(gapsMs, 1),
        unit: 'ms',
        baseline: baseline(1),
      },
      {
        name: `primary ${what}: acknowledged sessions lost, of ${report.acknowledged.length}`,
        value: lost,
        unit: 'sessions',
      },
    )
    await unload(suite, name, loaded)
  }
  await objects.run(['delete', 'namespace', namespace, '--wait=false'])
  return figures
}
