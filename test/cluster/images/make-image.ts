import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { run } from '../command.ts'
import { cacheDirectory } from '../directories.ts'
import { withLock } from '../lock.ts'

/** A tar file that is one layer, and the digest of its bytes. */
export interface Layer {
  readonly path: string
  readonly sha256: string
}

export interface Image {
  readonly tag: string
  /** Path of a docker-archive, as `docker save` writes it: for `Cluster.loadImage`, `docker load`, `kind load image-archive`. */
  readonly archive: string
  /** Digest of the configuration: what containerd and Docker call the image's id. */
  readonly id: string
  readonly layers: readonly Layer[]
  readonly env: Readonly<Record<string, string>>
}

export interface ImageRecipe {
  /** With registry and version: `docker.io/library/redis:8.0`. */
  readonly tag: string
  /** Its layers come first, its environment too. */
  readonly base?: Pick<Image, 'layers' | 'env'>
  /** A folder's contents, or one file, at a path inside. Owned by root, readable by all, dates dropped. */
  readonly layers: readonly { readonly from: string; readonly to: string }[]
  readonly entrypoint: readonly string[]
  /** Default: 65532:65532. */
  readonly user?: string
  readonly env?: Readonly<Record<string, string>>
  readonly workingDirectory?: string
}

const digestOfFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

export const layerOf = async (path: string): Promise<Layer> => ({ path, sha256: await digestOfFile(path) })

/** Makes a tar whose bytes depend on the contents alone, so that an unchanged layer keeps its digest. */
const tarLayer = async (from: string, to: string, path: string): Promise<Layer> => {
  const inside = to.replace(/^\/+/, '')
  const isFolder = statSync(from).isDirectory()
  // S: a symbolic link's target stays as it is
  const transform = isFolder ? `flags=rSh;s,^\\.,${inside},` : `flags=rSh;s,^.*$,${inside},`
  const parent = isFolder ? from : dirname(from)
  const fixed = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=a+rX']
  const entry = isFolder ? '.' : basename(from)
  await run('tar', ['--create', '--file', path, ...fixed, '--directory', parent, `--transform=${transform}`, entry])
  return layerOf(path)
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Writes the archive of an image whose layers exist already. */
const writeImage = async (
  folder: string,
  recipe: Omit<ImageRecipe, 'layers' | 'base'>,
  layers: readonly Layer[],
  env: Readonly<Record<string, string>>,
): Promise<Image> => {
  const config = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {
      Entrypoint: recipe.entrypoint,
      User: recipe.user ?? '65532:65532',
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      WorkingDir: recipe.workingDirectory ?? '/',
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${layer.sha256}`) },
    history: [],
  })
  const id = sha256(config)
  const archive = join(folder, 'archive.tar')
  const image = { tag: recipe.tag, archive, id, layers, env }
  const note = join(folder, 'image.json')
  if (existsSync(archive) && existsSync(note) && readFileSync(note, 'utf8') === JSON.stringify(image)) {
    utimesSync(note, new Date(), new Date())
    return image
  }
  const staging = join(folder, 'staging')
  rmSync(staging, { recursive: true, force: true })
  mkdirSync(staging)
  const entries = layers.map((layer) => `${layer.sha256}.tar`)
  writeFileSync(join(staging, `${id}.json`), config)
  writeFileSync(
    join(staging, 'manifest.json'),
    JSON.stringify([{ Config: `${id}.json`, RepoTags: [recipe.tag], Layers: entries }]),
  )
  // the manifest first: whoever asks what an archive is need not read all of it
  const parts = ['manifest.json', `${id}.json`]
  const unfinished = join(staging, 'archive.tar')
  await run('tar', ['--create', '--file', unfinished, '--directory', staging, ...parts])
  for (const layer of new Map(layers.map((each) => [each.sha256, each])).values()) {
    const named = ['--dereference', `--transform=s,^.*$,${layer.sha256}.tar,`]
    const parent = dirname(layer.path)
    await run('tar', ['--append', '--file', unfinished, ...named, '--directory', parent, basename(layer.path)])
  }
  renameSync(unfinished, archive)
  rmSync(staging, { recursive: true, force: true })
  writeFileSync(`${note}.new`, JSON.stringify(image))
  renameSync(`${note}.new`, note)
  return image
}

const imagesFolder = join(cacheDirectory, 'images')

/** A tag that is a digest of the contents makes one image after the other: so many of one repository are kept. */
const kept = 3

const repository = (tag: string): string => tag.slice(0, tag.lastIndexOf(':'))
const fileName = (tag: string): string => tag.replaceAll(/[^\w.-]+/g, '_')

const dropOldest = (tag: string): void => {
  const notes = readdirSync(imagesFolder)
    .map((name) => join(imagesFolder, name, 'image.json'))
    .filter((note) => existsSync(note))
    .filter((note) => repository((JSON.parse(readFileSync(note, 'utf8')) as Image).tag) === repository(tag))
  const byAge = notes.toSorted((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs)
  for (const note of byAge.slice(kept)) rmSync(dirname(note), { recursive: true, force: true })
}

/**
 * Makes a container image without a container engine. One image is kept for each tag, three for each repository, and
 * made again only when its contents have changed.
 */
export const makeImage = async (recipe: ImageRecipe): Promise<Image> => {
  const folder = join(imagesFolder, fileName(recipe.tag))
  return withLock(join(imagesFolder, `${fileName(repository(recipe.tag))}.lock`), async () => {
    mkdirSync(folder, { recursive: true })
    const layers: Layer[] = [...(recipe.base?.layers ?? [])]
    for (const [index, { from, to }] of recipe.layers.entries()) {
      layers.push(await tarLayer(from, to, join(folder, `layer-${index}.tar`)))
    }
    const path = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }
    const image = await writeImage(folder, recipe, layers, { ...path, ...recipe.base?.env, ...recipe.env })
    dropOldest(recipe.tag)
    return image
  })
}
