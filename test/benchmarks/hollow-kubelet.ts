import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '../../src/kubernetes/client.ts'
import { isApiError } from '../../src/kubernetes/errors.ts'
import { configMaps, pods, secrets, services, type Pod } from '../../src/kubernetes/kinds.ts'
import { run } from '../cluster/command.ts'
import { debianLayer } from '../cluster/images/debian-layer.ts'

/** Services of `startApiServer` are in the first half, our pods in the other: this machine takes every address in it for its own. */
const range = '198.18.128.0/19'
const podAddress = (index: number): string => `198.18.${144 + Math.floor(index / 250)}.${1 + (index % 250)}`
/** How often it looks for new pods, in ms. */
const lookMs = 250

/** Runs the pods of stores for an API server that has no kubelet. */
export interface HollowKubelet {
  /** Redis processes that run. */
  running(): number
  stop(): Promise<void>
}

interface Volume {
  readonly configMap?: { readonly name: string }
  readonly secret?: { readonly secretName: string }
}

const now = () => new Date().toISOString()

const readyStatus = (podIP: string, image: string) => ({
  phase: 'Running',
  podIP,
  podIPs: [{ ip: podIP }],
  hostIP: '127.0.0.1',
  startTime: now(),
  conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: now(),
  })),
  containerStatuses: [
    {
      name: 'redis',
      image,
      imageID: image,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: now() } },
    },
  ],
})

/**
 * Each pod becomes a Redis 8.0 of Debian on an address of its own of this machine, configured by the store's own ConfigMap and ACL, and reachable by its Service's
 * address too. Scheduling, images, cgroups and probes are left out: they are not the operator's work.
 */
export const startHollowKubelet = async (api: Client, namespace: string): Promise<HollowKubelet> => {
  await run('ip', ['route', 'replace', 'local', range, 'dev', 'lo'])
  const root = mkdtempSync(join(tmpdir(), 'hollow-kubelet-'))
  chmodSync(root, 0o755)
  const layer = await debianLayer(
    'trixie',
    ['dash', 'coreutils', 'grep', 'sed', 'redis-server', 'redis-tools'],
    (line) => console.log(line),
  )
  await run('tar', ['--extract', `--file=${layer.path}`, `--directory=${root}`])
  const log = openSync(join(root, 'redis.log'), 'a')
  const processes = new Map<string, ChildProcess>()
  const stopped = new AbortController()

  const start = async (pod: Pod, index: number): Promise<void> => {
    const { name = '' } = pod.metadata
    const { volumes = [], containers } = pod.spec as unknown as {
      readonly volumes?: readonly Volume[]
      readonly containers: readonly { readonly image: string }[]
    }
    const find = <T>(pick: (volume: Volume) => T | undefined): T | undefined => volumes.map(pick).find((each) => each)
    const configName = find(({ configMap }) => configMap?.name) ?? ''
    const secretName = find(({ secret }) => secret?.secretName) ?? ''
    const [config, secret, service] = await Promise.all([
      api.get(configMaps, { namespace, name: configName }),
      api.get(secrets, { namespace, name: secretName }),
      api.get(services, { namespace, name: name.replace(/-0$/, '') }),
    ])
    const folder = `/stores/${name}`
    mkdirSync(join(root, folder), { recursive: true })
    const address = podAddress(index)
    const clusterIp = (service['spec'] as { readonly clusterIP: string }).clusterIP
    const own = {
      dir: folder,
      aclfile: `${folder}/users.acl`,
      unixsocket: `${folder}/redis.sock`,
      bind: `${address} ${clusterIp}`,
      // A thousand idle servers share two cores here.
      hz: '1',
    }
    const isOwn = (line: string) => Object.hasOwn(own, line.split(' ')[0] ?? '')
    const lines = (config.data?.['redis.conf'] ?? '').split('\n').filter((line) => !isOwn(line))
    for (const [key, value] of Object.entries(own)) lines.push(`${key} ${value}`)
    writeFileSync(join(root, folder, 'redis.conf'), `${lines.join('\n')}\n`)
    writeFileSync(join(root, folder, 'users.acl'), Buffer.from(secret.data?.['users.acl'] ?? '', 'base64'))
    const child = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', 'chroot', root, '/usr/bin/redis-server', `${folder}/redis.conf`],
      // Without a locale of its own Redis 8 ends at once: the unpacked packages were never configured.
      { stdio: ['ignore', log, log], env: { ...process.env, LC_ALL: 'C' } },
    )
    processes.set(pod.metadata.uid ?? '', child)
    await api.patch(
      pods,
      { namespace, name },
      { status: readyStatus(address, containers[0]?.image ?? '') },
      { subresource: 'status' },
    )
  }

  let next = 0
  const loop = (async () => {
    const seen = new Set<string>()
    while (!stopped.signal.aborted) {
      const fresh = (await api.list(pods, { namespace })).filter(({ metadata }) => !seen.has(metadata.uid ?? ''))
      for (let at = 0; at < fresh.length && !stopped.signal.aborted; at += 20) {
        const batch = fresh.slice(at, at + 20)
        await Promise.all(
          batch.map(async (pod) => {
            try {
              await start(pod, next++)
              seen.add(pod.metadata.uid ?? '')
            } catch (error) {
              // Its Service is made a moment later.
              if (!isApiError(error, 'notFound')) throw error
            }
          }),
        )
      }
      await delay(lookMs)
    }
  })()

  return {
    running: () => [...processes.values()].filter(({ exitCode }) => exitCode === null).length,
    stop: async () => {
      stopped.abort()
      await loop.catch((error: unknown) => console.error(error))
      for (const child of processes.values()) child.kill('SIGKILL')
      await run('ip', ['route', 'del', 'local', range, 'dev', 'lo'])
      rmSync(root, { recursive: true, force: true })
    },
  }
}
