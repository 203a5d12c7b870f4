import type { Cluster } from '../cluster/cluster.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { clientPod, operatorNamespace, restrictedNamespace, store, untilReady, untilRunning } from '../e2e/fixtures.ts'
import { Kubectl } from '../e2e/kubectl.ts'
import { Objects } from '../e2e/objects.ts'
import { rest, statusOf, topology, untilWhole } from '../e2e/replicated/fixture.ts'
import type { Suite } from '../e2e/suite.ts'
import type { Figure } from './figure.ts'
import { percentile } from './statistics.ts'
import { see, sum, writeTo, type Seen } from './under-load.ts'

/** A gap is looked for in this time after the act, in ms. */
const windowMs = 60_000

/** Stores that are lost at a time: as many of their primaries as lie on the node give a figure each. */
const names = ['a', 'b', 'c', 'd', 'e', 'f']

/** Loses what is on the node; resolves with how to give it back. */
type Act = (suite: Suite, node: string, pods: readonly string[]) => Promise<() => Promise<void>>

const freeze: Act = async ({ cluster, namespace }, _, pods) => {
  const pids = await Promise.all(pods.map((pod) => cluster.containerPid(namespace, pod, 'redis')))
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  return () => {
    for (const pid of pids) process.kill(pid, 'SIGCONT')
    return Promise.resolve()
  }
}

const cutOff: Act = async ({ cluster }, node) => {
  const heals: (() => Promise<void>)[] = []
  for (const other of [...cluster.nodes().map(({ name }) => name), 'control-plane'])
    if (other !== node) heals.push(await cluster.partition(node, other))
  return async () => {
    for (const heal of heals) await heal()
  }
}

const nodeOf = async ({ objects }: Suite, pod: string, namespace: string): Promise<string> =>
  ((await objects.get('pod', pod, namespace))['spec'] as { nodeName?: string }).nodeName ?? ''

/** The node of the operator that leads. */
const leaderNode = async (suite: Suite): Promise<string> => {
  const [lease] = (await suite.objects.list('leases', operatorNamespace)) as unknown as {
    spec: { holderIdentity?: string }
  }[]
  const holder = lease?.spec.holderIdentity ?? ''
  const pods = await suite.objects.list('pods', operatorNamespace)
  const pod = pods.find(({ metadata }) => holder.startsWith(metadata.name))
  if (!pod) throw new Error(`no pod of the operator is the leader ${holder}`)
  return await nodeOf(suite, pod.metadata.name, operatorNamespace)
}

interface Primary {
  readonly store: string
  readonly pod: string
  readonly term: number
  readonly node: string
}

const primaries = async (suite: Suite): Promise<readonly Primary[]> =>
  await Promise.all(
    names.map(async (store) => {
      const { primary } = await untilWhole(suite, store, { timeoutMs: 180_000 })
      const pod = primary?.current ?? ''
      return { store, pod, term: primary?.term ?? 0, node: await nodeOf(suite, pod, suite.namespace) }
    }),
  )

/** The node with the most primaries among those that neither the writers' nor, unless it is asked for, the leader is on. */
const chooseNode = (all: readonly Primary[], not: readonly string[]): string | undefined => {
  const free = all.map(({ node }) => node).filter((node) => !not.includes(node))
  return free.toSorted((a, b) => free.filter((each) => each === b).length - free.filter((each) => each === a).length)[0]
}

const figuresOf = (what: string, seen: readonly Seen[]): readonly Figure[] => {
  const gap = (share: number, word: string): Figure => ({
    name: `node ${what}: gap in writes, ${word} of ${seen.length}`,
    value: percentile(
      seen.map(({ gapMs }) => gapMs),
      share,
    ),
    unit: 'ms',
  })
  return [
    gap(0.5, 'median'),
    gap(1, 'worst'),
    {
      name: `node ${what}: acknowledged sessions lost, of ${sum(seen.map(({ acknowledged }) => acknowledged))}`,
      value: sum(seen.map(({ lost }) => lost)),
      unit: 'sessions',
    },
  ]
}

/** Every one of those stores has another primary than that of the term. */
const untilOthers = async ({ objects, namespace }: Suite, lost: readonly Primary[]): Promise<void> => {
  const hasOther = async ({ store, term }: Primary): Promise<boolean> =>
    (statusOf(await objects.get('sessionstore', store, namespace)).primary?.term ?? 0) > term
  await waitUntil('other primaries', async () => (await Promise.all(lost.map(hasOther))).every(Boolean), {
    timeoutMs: windowMs,
  })
}

/** One node is lost and given back; what the writers of the stores saw whose primaries were there. */
const loseOne = async (suite: Suite, act: Act): Promise<readonly Seen[]> => {
  const all = await primaries(suite)
  const not = [await nodeOf(suite, 'client', suite.namespace), await leaderNode(suite)]
  const node = chooseNode(all, not)
  if (node === undefined) {
    // All are where they must not be lost: they give over.
    await suite.objects.run(['delete', 'pod', ...all.map(({ pod }) => pod), '-n', suite.namespace, '--wait=true'])
    return []
  }
  const there = all.filter((each) => each.node === node)
  const loads = await Promise.all(
    there.map(async (primary) => ({ primary, loaded: await writeTo(suite, primary.store) })),
  )
  await Promise.all(loads.map(({ primary, loaded }) => rest(suite, primary.store, loaded)))
  const marked = loads.map((each) => ({ ...each, fromMs: each.loaded.writer.mark() }))
  const giveBack = await act(
    suite,
    node,
    there.map(({ pod }) => pod),
  )
  try {
    for (const { loaded, fromMs } of marked) await loaded.writer.untilWrites(fromMs + 1_000, windowMs)
    await untilOthers(suite, there)
  } finally {
    await giveBack()
  }
  await primaries(suite)
  return await Promise.all(
    marked.map(async ({ primary, loaded, fromMs }) =>
      see(suite, primary.store, loaded, { fromMs, toMs: fromMs + windowMs }),
    ),
  )
}

const lose = async (suite: Suite, what: string, act: Act, samples: number): Promise<readonly Figure[]> => {
  const seen: Seen[] = []
  while (seen.length < samples) {
    seen.push(...(await loseOne(suite, act)))
    console.log(`node ${what}: ${seen.length} of ${samples}, last ${seen.at(-1)?.gapMs.toFixed(0) ?? '-'} ms`)
  }
  const figures = figuresOf(what, seen)
  console.log(figures.map((figure) => `${figure.name}: ${figure.value.toFixed(0)}`).join('\n'))
  return figures
}

/**
 * How long writes stop when the node of a primary freezes or is cut off, at least `samples` of each. The leading operator and the writers are elsewhere: with
 * the leader on that node its lease has to end first.
 */
export const nodeLost = async (cluster: Cluster, samples: number): Promise<readonly Figure[]> => {
  const namespace = 'bench-node'
  const objects = new Objects(new Kubectl(cluster))
  const suite = { cluster, objects, namespace }
  await objects.run(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=true'])
  await objects.apply(restrictedNamespace(namespace), clientPod(namespace, 'client', { app: 'web' }))
  await untilRunning(objects, namespace, 'client')
  for (const each of names) await objects.apply(store(namespace, each, { spec: topology() }))
  for (const each of names) await untilReady(objects, namespace, each)
  const figures = [
    ...(await lose(suite, 'frozen', freeze, samples)),
    ...(await lose(suite, 'cut off', cutOff, samples)),
  ]
  await objects.run(['delete', 'namespace', namespace, '--wait=false'])
  return figures
}
