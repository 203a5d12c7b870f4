import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from '../command.ts'
import type { Log } from '../tools/build-go-program.ts'
import type { Tools } from '../tools/ensure-tools.ts'
import { debianLayer } from './debian-layer.ts'
import { makeImage, type Image } from './make-image.ts'

/** What a shell script of an init container or a helper pod may use. */
const shell = ['dash', 'coreutils', 'grep', 'sed']

/** Redis 8.0 of Debian trixie under the name that charts use. */
export const redisImage = async (log: Log, tag = 'docker.io/library/redis:8.0'): Promise<Image> =>
  makeImage({
    tag,
    base: { layers: [await debianLayer('trixie', [...shell, 'redis-server', 'redis-tools'], log)], env: {} },
    layers: [],
    entrypoint: ['/usr/bin/redis-server'],
    user: '999:999',
  })

/** Valkey 9.1 of Debian sid under the name that charts use. */
export const valkeyImage = async (log: Log): Promise<Image> =>
  makeImage({
    tag: 'docker.io/valkey/valkey:9.1',
    base: { layers: [await debianLayer('sid', [...shell, 'valkey-server', 'valkey-tools'], log)], env: {} },
    layers: [],
    entrypoint: ['/usr/bin/valkey-server'],
    user: '999:999',
  })

/** Builds that differ from those that stores run by default: Redis 8.0.6 of Debian sid, and Valkey 8.1 of Debian trixie. */
export const otherEngines = {
  Redis: { version: '8.0', tag: 'docker.io/library/redis:8.0-sid', suite: 'sid' },
  Valkey: { version: '8.1', tag: 'docker.io/valkey/valkey:8.1', suite: 'trixie' },
} as const

export const otherEngineImage = async (type: keyof typeof otherEngines, log: Log): Promise<Image> => {
  const { tag, suite } = otherEngines[type]
  const program = type.toLowerCase()
  return makeImage({
    tag,
    base: { layers: [await debianLayer(suite, [...shell, `${program}-server`, `${program}-tools`], log)], env: {} },
    layers: [],
    entrypoint: [`/usr/bin/${program}-server`],
    user: '999:999',
  })
}

/** Debian with no more than Node needs, and the Node that this repository pins: for images of our own programs. */
export const nodeImage = async (log: Log): Promise<Image> => {
  const pinned = createRequire(import.meta.url).resolve(`node-linux-${process.arch}/package.json`)
  return makeImage({
    tag: 'session-store.test/node:24',
    base: { layers: [await debianLayer('trixie', ['libstdc++6'], log)], env: {} },
    layers: [{ from: join(dirname(pinned), 'bin', 'node'), to: '/usr/local/bin/node' }],
    entrypoint: ['/usr/local/bin/node'],
  })
}

/** The process that holds a pod's namespaces. */
export const pauseTag = 'registry.k8s.io/pause:3.10'

const pauseImage = async (): Promise<Image> => {
  const folder = mkdtempSync(join(tmpdir(), 'pause-'))
  try {
    const program = join(folder, 'pause')
    await run('gcc', ['-Os', '-static', '-s', '-o', program, join(import.meta.dirname, 'pause.c')])
    const layers = [{ from: program, to: '/pause' }]
    return await makeImage({ tag: pauseTag, layers, entrypoint: ['/pause'], user: '65535:65535' })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const programImage = (tag: string, program: string, user: string): Promise<Image> =>
  makeImage({ tag, layers: [{ from: program, to: '/program' }], entrypoint: ['/program'], user })

export const coreDnsTag = 'session-store.test/coredns:1'
export const provisionerTag = 'session-store.test/local-path-provisioner:1'

/** The images that every cluster of ours starts with. */
export const baseImages = async (tools: Tools, log: Log): Promise<readonly Image[]> => {
  return Promise.all([
    pauseImage(),
    programImage(coreDnsTag, tools.coreDns, '0:0'), // port 53
    programImage(provisionerTag, tools.localPathProvisioner, '65532:65532'),
    redisImage(log),
    valkeyImage(log),
  ])
}
