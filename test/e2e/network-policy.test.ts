import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cluster } from '../cluster/cluster.ts'
import { run } from '../cluster/command.ts'
import { whyNotKind } from '../cluster/kind/available.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { buildGoProgram } from '../cluster/tools/build-go-program.ts'
import { cyclonus } from '../cluster/tools/go-programs.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { Kubectl } from './kubectl.ts'
import { mainPorts, namespaces, policySets, roles } from './network-policy/policies.ts'
import { tcpPorts, udpPorts, type Target } from './network-policy/target.ts'

const cases = 30

// with kind it is kindnet that enforces, and its nodes hide their pods' network namespaces
const elsewhere = (await whyNotKind()) === undefined

interface Place {
  readonly namespace: string
  readonly role: string
  readonly ip: string
  readonly ask: (targets: readonly Target[]) => Promise<readonly boolean[]>
  readonly process: ChildProcess
}

let cluster: Cluster
let kubectl: Kubectl

const pod = (namespace: string, role: string, node: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: role, namespace, labels: { role, ...(role === 'db' ? {} : { tier: 'front' }) } },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'redis',
        image: 'docker.io/library/redis:8.0',
        args: ['--protected-mode', 'no'],
        ports: mainPorts[role] === undefined ? [] : [{ name: 'main', containerPort: mainPorts[role], protocol: 'TCP' }],
      },
    ],
  },
})

const open = async (namespace: string, role: string): Promise<Place> => {
  const ip = await kubectl.run(['get', 'pod', role, '-n', namespace, '-o', 'jsonpath={.status.podIP}'])
  const listener = join(import.meta.dirname, 'network-policy', 'listener.ts')
  const args = [`--net=${await cluster.podNetns(namespace, role)}`, process.execPath, listener]
  const child = spawn('nsenter', args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (targets: readonly Target[]): Promise<readonly boolean[]> => {
    child.stdin.write(`${JSON.stringify(targets)}\n`)
    return JSON.parse((await lines.next()).value ?? '[]') as readonly boolean[]
  }
  return { namespace, role, ip, ask, process: child }
}

const name = (place: Place): string => `${place.namespace}/${place.role}`

const targetsOf = (from: Place, places: readonly Place[]): readonly Target[] =>
  places
    .filter((to) => to !== from)
    .flatMap(({ ip }) => [
      ...tcpPorts.map((port) => ({ ip, port, protocol: 'TCP' as const })),
      ...udpPorts.map((port) => ({ ip, port, protocol: 'UDP' as const })),
    ])

/** Every connection between the pods, as text; `true` when it was answered. */
const connections = async (places: readonly Place[]): Promise<ReadonlyMap<string, boolean>> => {
  const rows = await Promise.all(
    places.map(async (from) => {
      const targets = targetsOf(from, places)
      const answers = await from.ask(targets)
      return targets.map((target, index) => [labelOf(from, target, places), answers[index] === true] as const)
    }),
  )
  return new Map(rows.flat())
}

const labelOf = (from: Place, { ip, port, protocol }: Target, places: readonly Place[]): string => {
  const to = places.find((place) => place.ip === ip)
  return `${name(from)} to ${to === undefined ? ip : name(to)} ${protocol} ${port}`
}

const cyclonusVerdicts = async (
  sets: readonly (readonly object[])[],
  places: readonly Place[],
): Promise<readonly ReadonlyMap<string, boolean>[]> => {
  const program = join(await buildGoProgram(cyclonus, (line) => console.log(line)), cyclonus.name)
  const probes = places.flatMap((from) =>
    targetsOf(from, places).map((target) => {
      const to = places.find((place) => place.ip === target.ip)
      const isMain = target.protocol === 'TCP' && to !== undefined && mainPorts[to.role] === target.port
      return {
        label: labelOf(from, target, places),
        from: name(from),
        to: to === undefined ? '' : name(to),
        port: target.port,
        portName: isMain ? 'main' : '',
        protocol: target.protocol,
      }
    }),
  )
  const pods = Object.fromEntries(
    places.map((place) => [
      name(place),
      {
        namespace: place.namespace,
        namespaceLabels: { 'kubernetes.io/metadata.name': place.namespace },
        labels: { role: place.role, ...(place.role === 'db' ? {} : { tier: 'front' }) },
        ip: place.ip,
      },
    ]),
  )
  const { stdout } = await run(program, [], { input: JSON.stringify({ pods, probes, cases: sets }) })
  return (JSON.parse(stdout) as boolean[][]).map(
    (row) => new Map(row.map((allowed, index) => [probes[index]?.label ?? '', allowed])),
  )
}

const apply = async (policies: readonly object[]): Promise<void> => {
  for (const namespace of namespaces) await kubectl.run(['delete', 'networkpolicy', '--all', '-n', namespace])
  if (policies.length === 0) return
  const named = policies.map((policy, index) => {
    const { metadata, ...rest } = policy as { metadata: object }
    return { ...rest, metadata: { ...metadata, name: `generated-${index}` } }
  })
  await kubectl.apply(named)
}

beforeAll(async () => {
  cluster = await openCluster()
  kubectl = new Kubectl(cluster)
  const nodes = cluster.nodes()
  for (const namespace of namespaces) await kubectl.namespace(namespace)
  await waitUntil(
    'the default service accounts',
    () => kubectl.run(['get', 'serviceaccount', 'default', '-n', namespaces[1]]),
    { timeoutMs: 20_000 },
  )
  await kubectl.apply(
    namespaces.flatMap((namespace, row) =>
      roles.map((role, column) => pod(namespace, role, nodes[(row + column) % nodes.length]?.name ?? '')),
    ),
  )
  for (const namespace of namespaces) {
    await kubectl.run(['wait', 'pod', '--all', '--for=condition=Ready', '--timeout=60s', '-n', namespace])
  }
})

afterAll(async () => {
  await kubectl.run(['delete', 'namespace', ...namespaces, '--timeout=90s'])
})

describe('NetworkPolicy', () => {
  const denyAll = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: namespaces[0] },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  }
  const ping = async (from: readonly [string, string], to: string): Promise<string> => {
    const [namespace, role] = from
    const command = `timeout 1 redis-cli -h ${to} ping || echo silence`
    return (await kubectl.run(['exec', role, '-n', namespace, '--', 'sh', '-c', command])).trim()
  }

  it('lets nothing through that a policy denies, on the same node and across nodes, and lets it through again after', async () => {
    const ip = await kubectl.run(['get', 'pod', 'web', '-n', namespaces[0], '-o', 'jsonpath={.status.podIP}'])
    const others = [
      [namespaces[0], 'api'],
      [namespaces[0], 'db'],
      [namespaces[1], 'api'],
    ] as const
    const all = (): Promise<readonly string[]> => Promise.all(others.map((other) => ping(other, ip)))
    await apply([])
    await waitUntil('no policy', async () => (await all()).every((answer) => answer === 'PONG'), { timeoutMs: 30_000 })
    await apply([denyAll])
    await waitUntil('denied', async () => (await all()).every((answer) => answer === 'silence'), { timeoutMs: 30_000 })
    await apply([])
    await waitUntil('allowed', async () => (await all()).every((answer) => answer === 'PONG'), { timeoutMs: 30_000 })
  })

  it("lets kubelet's probes through to a pod that nobody may reach", async () => {
    await apply([denyAll])
    const probed = pod(namespaces[0], 'probed', cluster.nodes()[0]?.name ?? '') as { spec: { containers: object[] } }
    const containers = [
      { ...probed.spec.containers[0], readinessProbe: { tcpSocket: { port: 6379 }, periodSeconds: 1 } },
    ]
    await kubectl.apply([{ ...probed, spec: { ...probed.spec, containers } }])
    const wait = ['wait', 'pod', 'probed', '-n', namespaces[0], '--for=condition=Ready', '--timeout=20s']
    await expect(kubectl.run(wait)).resolves.toContain('condition met')
    await kubectl.run(['delete', 'pod', 'probed', '-n', namespaces[0], '--now'])
  })

  it.skipIf(elsewhere)(
    `agrees with cyclonus about ${cases} generated sets of policies${elsewhere ? ' (only for our own agent, not kindnet)' : ''}`,
    async () => {
      const places = await Promise.all(namespaces.flatMap((namespace) => roles.map((role) => open(namespace, role))))
      try {
        const sets = policySets(
          places.map((place) => place.ip),
          cases,
          20_261,
        )
        const verdicts = await cyclonusVerdicts(sets, places)
        const denied = verdicts.reduce(
          (sum, verdict) => sum + [...verdict.values()].filter((allowed) => !allowed).length,
          0,
        )
        for (const [index, policies] of sets.entries()) {
          await apply(policies)
          const expected = verdicts[index]
          let seen: ReadonlyMap<string, boolean> = new Map()
          const agrees = async (): Promise<boolean> => {
            seen = await connections(places)
            return [...seen].every(([label, answered]) => expected?.get(label) === answered)
          }
          await waitUntil('agreement', agrees, { timeoutMs: 20_000, intervalMs: 50 }).catch(() => undefined)
          expect(Object.fromEntries(seen), JSON.stringify(policies)).toEqual(Object.fromEntries(expected ?? []))
        }
        expect(denied).toBeGreaterThan(cases) // the sets are not ones that allow everything
      } finally {
        for (const place of places) place.process.kill()
      }
    },
  )
})
