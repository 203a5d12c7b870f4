import type { Cluster } from '../cluster/cluster.ts'
import { redisImage } from '../cluster/images/catalog.ts'
import { clientPod, encryptionOf, restrictedNamespace, store, untilReady, untilRunning } from '../e2e/fixtures.ts'
import { Kubectl } from '../e2e/kubectl.ts'
import { conditionOf, Objects, secretData, type KubeObject } from '../e2e/objects.ts'
import { restartOperator } from '../e2e/operator.ts'
import { rest, statusOf, topology, untilWhole, type Loaded } from '../e2e/replicated/fixture.ts'
import type { Suite } from '../e2e/suite.ts'
import type { Figure } from './figure.ts'
import { percentile } from './statistics.ts'
import { see, sum, writeTo, type Seen } from './under-load.ts'

const name = 'planned'

interface Change {
  readonly what: string
  /** Carries it out, and resolves when it is done. */
  readonly make: (suite: Suite, loaded: Loaded, round: number) => Promise<void>
  /** Pods stay as they are. */
  readonly live: boolean
}

const patch = ({ objects, namespace }: Suite, spec: object) => objects.patch('sessionstore', name, namespace, { spec })

const until = async ({ objects, namespace }: Suite, what: string, holds: (object: KubeObject) => boolean) => {
  await objects.until('sessionstore', name, namespace, what, holds, 150_000)
}

const settled = (object: KubeObject): boolean => {
  const { generation } = object.metadata as { generation?: number }
  return statusOf(object).observedGeneration === generation && conditionOf(object, 'Progressing')?.reason === 'Settled'
}

const rolled = (spec: (round: number) => object) => async (suite: Suite, _: Loaded, round: number) => {
  await patch(suite, spec(round))
  await until(suite, 'settled', settled)
  await untilWhole(suite, name)
}

/** What applications do that read their Secret again. */
const readAgain = async ({ objects, namespace }: Suite, { writer }: Loaded): Promise<void> => {
  const secret = secretData(await objects.get('secret', `${name}-web`, namespace))
  const [username = '', password = ''] = [secret['username'], secret['password']]
  await writer.login({ username, password, ...encryptionOf(secret) })
}

const rebuilt = 'docker.io/library/redis:8.0-rebuilt'

const changes: readonly Change[] = [
  {
    what: 'image',
    live: false,
    make: rolled((round) => ({ engine: { image: round % 2 === 0 ? rebuilt : 'docker.io/library/redis:8.0' } })),
  },
  {
    what: 'resources of the pod',
    live: false,
    make: rolled((round) => ({ pod: { resources: { cpuRequest: `${50 + (round % 2)}m` } } })),
  },
  {
    what: 'drain of the primary',
    live: false,
    make: async (suite) => {
      const { primary } = await untilWhole(suite, name)
      const { spec } = (await suite.objects.get('pod', primary?.current ?? '', suite.namespace)) as unknown as {
        spec: { nodeName: string }
      }
      const only = `--pod-selector=app.kubernetes.io/instance=${name}`
      try {
        await suite.objects.run(['drain', spec.nodeName, only, '--delete-emptydir-data', '--timeout=60s'])
      } finally {
        await suite.objects.run(['uncordon', spec.nodeName])
      }
      await untilWhole(suite, name, { afterTerm: primary?.term ?? 0 })
    },
  },
  {
    what: 'number of replicas',
    live: false,
    make: async (suite, _, round) => {
      const replicas = round % 2 === 0 ? 1 : 2
      await patch(suite, topology(replicas))
      await untilWhole(suite, name, { replicas })
    },
  },
  {
    what: 'password',
    live: true,
    make: async (suite, loaded, round) => {
      const from = [{ podSelector: { matchLabels: { app: 'web' } } }]
      const rotate = (rotation: object) => patch(suite, { clients: [{ name: 'web', from, rotation }] })
      const request = `bench-${round}`
      await rotate({ request })
      await until(suite, 'another password', (object) =>
        (statusOf(object).credentials ?? []).some((each) => each.request === request && each.retiring !== undefined),
      )
      await readAgain(suite, loaded)
      // Connections of before go on with the old one: an application closes them when it has read the new one.
      await loaded.writer.reconnect()
      await rotate({ request, force: request })
      await until(
        suite,
        'the old one gone',
        (object) => conditionOf(object, 'CredentialsCurrent')?.reason === 'Current',
      )
    },
  },
  {
    what: 'certificate',
    live: true,
    make: async (suite, _, round) => {
      const { tls } = await untilWhole(suite, name)
      await patch(suite, { tls: { renewal: { request: `bench-${round}` } } })
      await until(suite, 'another certificate', (object) => {
        const now = statusOf(object).tls
        return now?.serial !== tls?.serial && now?.loaded === true
      })
    },
  },
  {
    what: 'operator',
    live: true,
    make: async (suite) => {
      await restartOperator(suite.objects)
      await untilWhole(suite, name)
    },
  },
]

const podUids = async ({ objects, namespace }: Suite): Promise<readonly (string | undefined)[]> =>
  (await objects.list('pods', namespace, '-l', `app.kubernetes.io/instance=${name}`)).map(
    ({ metadata }) => metadata.uid,
  )

/** One kind of change, `rounds` times, one after another. */
const measure = async (suite: Suite, { what, make, live }: Change, rounds: number): Promise<readonly Figure[]> => {
  const pods = await podUids(suite)
  const seen: Seen[] = []
  for (let round = 0; round < rounds; round += 1) {
    const loaded = await writeTo(suite, name)
    if (!live) await rest(suite, name, loaded)
    const fromMs = loaded.writer.mark()
    await make(suite, loaded, round)
    seen.push(await see(suite, name, loaded, { fromMs, toMs: loaded.writer.mark() }))
  }
  const there = await podUids(suite)
  const gap = (share: number, word: string): Figure => ({
    name: `change of ${what}: gap in writes, ${word} of ${rounds}`,
    value: percentile(
      seen.map(({ gapMs }) => gapMs),
      share,
    ),
    unit: 'ms',
    baseline: { what: 'between two writes of one connection', value: 10 },
  })
  const figures: readonly Figure[] = [
    gap(0.5, 'median'),
    gap(1, 'worst'),
    {
      name: `change of ${what}: acknowledged sessions lost, of ${sum(seen.map(({ acknowledged }) => acknowledged))}`,
      value: sum(seen.map(({ lost }) => lost)),
      unit: 'sessions',
    },
    {
      name: `change of ${what}: requests that failed`,
      value: sum(seen.map(({ failed }) => failed)),
      unit: 'requests',
    },
    ...(live
      ? [
          {
            name: `change of ${what}: pods replaced`,
            value: pods.filter((uid) => !there.includes(uid)).length,
            unit: 'pods',
          },
        ]
      : []),
  ]
  console.log(figures.map((figure) => `${figure.name}: ${figure.value.toFixed(0)}`).join('\n'))
  return figures
}

/**
 * Planned changes under load over TLS, `rounds` times each: the gap in writes, what was refused, and what is gone afterwards. One store at a time: kube-proxy
 * takes over one change of Services a second, whoever's it is. `kind`: a part of the name of those that are wanted.
 */
export const plannedChanges = async (cluster: Cluster, rounds: number, kind = ''): Promise<readonly Figure[]> => {
  await cluster.loadImage((await redisImage(() => undefined, rebuilt)).archive)
  const namespace = 'bench-planned'
  const objects = new Objects(new Kubectl(cluster))
  const suite = { cluster, objects, namespace }
  await objects.run(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=true'])
  await objects.apply(restrictedNamespace(namespace), clientPod(namespace, 'client', { app: 'web' }))
  await untilRunning(objects, namespace, 'client')
  await objects.apply(store(namespace, name, { spec: { ...topology(), tls: { mode: 'Managed' } } }))
  await untilReady(objects, namespace, name)
  await untilWhole(suite, name)
  const figures: Figure[] = []
  for (const change of changes.filter(({ what }) => what.includes(kind))) {
    figures.push(...(await measure(suite, change, rounds)))
    // The number of replicas may have ended on one.
    await objects.patch('sessionstore', name, namespace, { spec: topology() })
    await untilWhole(suite, name)
  }
  await objects.run(['delete', 'namespace', namespace, '--wait=false'])
  return figures
}
