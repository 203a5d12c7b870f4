import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cluster } from '../cluster/cluster.ts'
import { storedLayout } from '../cluster/local/claim.ts'
import type { Layout } from '../cluster/local/layout.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { run } from '../cluster/command.ts'
import { whyNotKind } from '../cluster/kind/available.ts'
import { kindCluster } from '../cluster/kind/kind-cluster.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { Kubectl } from './kubectl.ts'

const namespace = 'cluster-test'
const noKind = await whyNotKind()
const isLocal = noKind !== undefined

let cluster: Cluster
let kubectl: Kubectl

const podOn = (node: string, name: string, more: { claim?: string } = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: name } },
  spec: {
    nodeSelector: { 'kubernetes.io/hostname': node },
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'redis',
        image: 'docker.io/library/redis:8.0',
        args: ['--protected-mode', 'no', '--dir', more.claim === undefined ? '/tmp' : '/data'],
        resources: { requests: { memory: '64Mi' }, limits: { memory: '64Mi' } },
        readinessProbe: { exec: { command: ['redis-cli', 'ping'] }, periodSeconds: 1 },
        ...(more.claim === undefined ? {} : { volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
      },
    ],
    ...(more.claim === undefined
      ? {}
      : { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: more.claim } }] }),
  },
})

const ready = (...pods: readonly string[]): Promise<string> =>
  kubectl.run(['wait', 'pod', ...pods, '-n', namespace, '--for=condition=Ready', '--timeout=60s'])

const sh = async (pod: string, command: string): Promise<string> =>
  (await kubectl.run(['exec', pod, '-n', namespace, '--', 'sh', '-c', command])).trim()

beforeAll(async () => {
  cluster = await openCluster()
  kubectl = new Kubectl(cluster)
  await kubectl.namespace(namespace)
  await waitUntil(
    'the default service account',
    () => kubectl.run(['get', 'serviceaccount', 'default', '-n', namespace]),
    {
      timeoutMs: 20_000,
    },
  )
  const [first, second] = cluster.nodes().map((node) => node.name)
  await kubectl.apply([
    podOn(first ?? '', 'near'),
    podOn(second ?? '', 'far'),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'far', namespace },
      spec: { selector: { app: 'far' }, ports: [{ port: 6379 }] },
    },
  ])
  await ready('near', 'far')
})

afterAll(async () => {
  await kubectl.run(['delete', 'namespace', namespace, '--timeout=90s'])
})

describe('the test cluster', () => {
  it('has two nodes or more, all ready', async () => {
    const path = '{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'
    const statuses = (await kubectl.run(['get', 'nodes', '-o', `jsonpath=${path}`])).trim().split('\n')
    expect(statuses).toEqual(cluster.nodes().map(() => 'True'))
    expect(statuses.length).toBeGreaterThanOrEqual(2)
  })

  it('resolves a Service by name and reaches it on another node', async () => {
    const ping = (): Promise<string> => sh('near', `redis-cli -h far.${namespace}.svc.cluster.local ping`)
    // kube-proxy gathers changes for a second before it writes them
    expect(await waitUntil('an answer', ping, { timeoutMs: 10_000 })).toBe('PONG')
  })

  it('gives a pod a token with which the API server knows it', async () => {
    const token = await sh('near', 'cat /var/run/secrets/kubernetes.io/serviceaccount/token')
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }
    const answer = await kubectl.run(['create', '-f', '-', '-o', 'json'], { input: JSON.stringify(review) })
    const { status } = JSON.parse(answer) as { status: { user: { username: string } } }
    expect(status.user.username).toBe(`system:serviceaccount:${namespace}:default`)
  })

  it('shows the logs of a container', async () => {
    expect(await kubectl.run(['logs', 'near', '-n', namespace])).toContain('Ready to accept connections')
  })

  it('gives a claim a volume that outlives its pod', async () => {
    const node = cluster.nodes()[1]?.name ?? ''
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
    }
    const keeper = { ...podOn(node, 'keeper', { claim: 'data' }) }
    await kubectl.apply([claim, keeper])
    await ready('keeper')
    await sh('keeper', 'redis-cli set kept yes && redis-cli save')
    await kubectl.run(['delete', 'pod', 'keeper', '-n', namespace, '--now'])
    await kubectl.apply([keeper])
    await ready('keeper')
    expect(await sh('keeper', 'redis-cli get kept')).toBe('yes')
  })

  it.each(['128Mi', '48Mi'])('resizes the memory of a running container to %s', async (memory) => {
    const resources = { limits: { memory }, requests: { memory } }
    const patch = JSON.stringify({ spec: { containers: [{ name: 'redis', resources }] } })
    await kubectl.run(['patch', 'pod', 'near', '-n', namespace, '--subresource=resize', '-p', patch])
    const limit = 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null || true'
    const bytes = String(Number.parseInt(memory, 10) * 1024 * 1024)
    await waitUntil('the new limit', async () => (await sh('near', limit)) === bytes, { timeoutMs: 10_000 })
    const restarts = [
      'get',
      'pod',
      'near',
      '-n',
      namespace,
      '-o',
      'jsonpath={.status.containerStatuses[0].restartCount}',
    ]
    expect(await kubectl.run(restarts)).toBe('0')
  })

  it.runIf(isLocal)(
    'runs a program of this machine as if in a pod, and kills a container as the kernel would',
    async () => {
      const netns = await cluster.podNetns(namespace, 'far')
      expect((await run('nsenter', [`--net=${netns}`, 'redis-cli', 'ping'])).stdout).toBe('PONG\n')
      process.kill(await cluster.containerPid(namespace, 'far', 'redis'), 'SIGKILL')
      const restarts = [
        'get',
        'pod',
        'far',
        '-n',
        namespace,
        '-o',
        'jsonpath={.status.containerStatuses[0].restartCount}',
      ]
      await waitUntil('a restart', async () => (await kubectl.run(restarts)) === '1', { timeoutMs: 20_000 })
      expect(await ready('far')).toContain('condition met')
    },
  )

  it('cuts two nodes off from each other, and joins them again', async () => {
    const [first = '', second = ''] = cluster.nodes().map((node) => node.name)
    const ip = await kubectl.run(['get', 'pod', 'far', '-n', namespace, '-o', 'jsonpath={.status.podIP}'])
    const ping = (): Promise<string> => sh('near', `timeout 1 redis-cli -h ${ip} ping || echo silence`)
    const answers = async () => (await ping()) === 'PONG'
    await waitUntil('it answers', answers, { timeoutMs: 20_000 })
    const heal = await cluster.partition(first, second)
    try {
      expect(await ping()).toBe('silence')
    } finally {
      await heal()
    }
    await waitUntil('it answers again', answers, { timeoutMs: 20_000 })
  })

  it('writes who did what to the audit log', async () => {
    const name = `audited-${process.pid}`
    await kubectl.run(['create', 'configmap', name, '-n', namespace])
    const written = async (): Promise<boolean> => {
      const { stdout } = await run('grep', ['--fixed-strings', `"name":"${name}"`, cluster.auditLog])
      return stdout.includes('"verb":"create"')
    }
    await waitUntil('the audit event', written, { timeoutMs: 5_000 })
    expect(await written()).toBe(true)
  })
})

describe.runIf(isLocal)('a cluster of its own on the same machine', () => {
  const name = 'recovery'

  /** Processes that name one of the cluster's folders. */
  const processes = async (folders: readonly string[]): Promise<readonly number[]> => {
    const pattern = folders.map((folder) => `${folder}/`).join('|')
    const { stdout } = await run('sh', ['-c', 'grep -lsE "$1" /proc/[0-9]*/cmdline || true', 'sh', pattern])
    const pids = stdout.split('\n').map((path) => Number(path.split('/')[2]))
    // grep and its shell name the folders too, and are gone by now
    return pids.filter((pid) => pid > 0 && existsSync(`/proc/${pid}`))
  }

  const leftovers = async ({ bridge, range, run: folder, state }: Layout): Promise<string> => {
    const commands = [
      `ip -o link | grep '${bridge}'`,
      `ip netns list | grep '${bridge}'`,
      `ip route show root ${range}`,
      `grep -E '${folder}|${state}' /proc/mounts`,
      `find /sys/fs/cgroup -name '${bridge}-*'`,
      `ls -d ${folder} ${state}`,
      `ls -l /var/log/containers | grep '${state}/'`,
      `ls /var/lib/cni/results | grep '${bridge}-'`,
    ]
    const { stdout } = await run('sh', ['-c', `exec 2>/dev/null; ${commands.join('; ')}; true`])
    return stdout + (await processes([folder, state])).join(' ')
  }

  it('comes up after one or all of its processes were killed, and leaves nothing behind when it goes', async () => {
    const own = await openCluster({ name, nodes: 1, log: () => undefined })
    const layout = storedLayout(name)
    if (layout === undefined) throw new Error('no layout was stored')
    try {
      const kubectlOfIt = new Kubectl(own)
      const identity = (): Promise<string> =>
        kubectlOfIt.run(['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}'])
      const before = await identity()
      await own.kill('node1', 'kubelet')
      expect(await own.isUp()).toBe(false)
      await own.up()
      expect(await own.isUp()).toBe(true)
      expect(await identity()).toBe(before) // mended, not made anew
      // what a crash of the test run leaves: processes dead or orphaned, all else in place
      for (const pid of await processes([layout.run, layout.state])) process.kill(pid, 'SIGKILL')
      await waitUntil('the end of it', async () => !(await own.isUp()), { timeoutMs: 5_000 })
      expect(await leftovers(layout)).not.toBe('')
      await own.up()
      expect(await new Kubectl(own).run(['get', 'nodes'])).toMatch(/node1\s+Ready/)
    } finally {
      await own.down()
    }
    expect(await leftovers(layout)).toBe('')
    expect(await cluster.isUp()).toBe(true)
  })
})

describe('a cluster of kind', () => {
  it.skipIf(isLocal)(`comes up, loads images and goes${isLocal ? ` (cannot run here: ${noKind})` : ''}`, async () => {
    const kind = await kindCluster({ name: 'own', nodes: 1 })
    try {
      await kind.up()
      expect(await kind.isUp()).toBe(true)
      expect(kind.nodes()).toHaveLength(1)
    } finally {
      await kind.down()
    }
  })
})
