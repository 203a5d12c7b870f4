import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from '../../build/bundle.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { run } from '../cluster/command.ts'
import { cacheDirectory } from '../cluster/directories.ts'
import { nodeImage } from '../cluster/images/catalog.ts'
import { makeImage, type Image } from '../cluster/images/make-image.ts'
import type { Log } from '../cluster/tools/build-go-program.ts'

const chart = join(import.meta.dirname, '../../charts/session-store-operator')

/** The engines that the cluster has images of (test/cluster/images/catalog.ts). */
const engines = {
  Redis: { '8.0': { image: 'docker.io/library/redis:8.0' } },
  Valkey: { '9.1': { image: 'docker.io/valkey/valkey:9.1' } },
}

/**
 * The operator's image, from what is in `src` now. Its tag follows its contents, so that an upgrade to a changed operator is one for Kubernetes
 * too. `alias` makes a variant with some modules replaced; see `bundle`.
 */
export const operatorImage = async (log: Log, alias: Readonly<Record<string, string>> = {}): Promise<Image> => {
  const variant = createHash('sha256').update(JSON.stringify(alias)).digest('hex').slice(0, 8)
  const folder = join(cacheDirectory, 'operator', variant)
  mkdirSync(folder, { recursive: true })
  const outfile = join(folder, 'main.mjs')
  await bundle({ entry: 'src/main.ts', outfile, alias })
  const contents = createHash('sha256').update(readFileSync(outfile)).digest('hex').slice(0, 12)
  return makeImage({
    tag: `session-store.test/operator:${contents}`,
    base: await nodeImage(log),
    layers: [{ from: outfile, to: '/app/main.mjs' }],
    entrypoint: ['/usr/local/bin/node', '/app/main.mjs'],
    workingDirectory: '/app',
  })
}

export interface InstallOptions {
  /** Where the operator itself runs. Made when it is not there. */
  readonly namespace: string
  /** Namespaces that it serves; they must be there. */
  readonly watch: readonly string[] | 'all'
  /** Default: made from `src`. */
  readonly image?: Image
  /** Helm values over those that this function sets. */
  readonly values?: Readonly<Record<string, unknown>>
  readonly log?: Log
}

/** Installs the operator by its Helm chart, or upgrades it; resolves when every replica is available. */
export const installOperator = async (cluster: Cluster, options: InstallOptions): Promise<void> => {
  const log = options.log ?? (() => undefined)
  const image = options.image ?? (await operatorImage(log))
  await cluster.loadImage(image.archive)
  const [repository, tag] = image.tag.split(':')
  const values = {
    image: { registry: '', repository, tag },
    watch: options.watch === 'all' ? { allNamespaces: true } : { namespaces: options.watch },
    engines,
    restartWorkloads: true,
    ...options.values,
  }
  await run(
    cluster.helm,
    [
      'upgrade',
      'session-store-operator',
      chart,
      '--install',
      '--create-namespace',
      `--namespace=${options.namespace}`,
      `--kubeconfig=${cluster.kubeconfig}`,
      '--wait',
      '--timeout=120s',
      '--values=-',
    ],
    { input: JSON.stringify(values) },
  )
}
