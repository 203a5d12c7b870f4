import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, run } from '../command.ts'
import { cacheDirectory } from '../directories.ts'
import { withLock } from '../lock.ts'
import type { Log } from '../tools/build-go-program.ts'
import { layerOf, type Layer } from './make-image.ts'

/** The Debian mirror that this machine's own apt uses. */
const mirror = async (): Promise<string> => {
  const targets = await attempt('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'])
  const uris = targets?.stdout.split('\n') ?? []
  const found = uris.find((uri) => /\/debian\/?$/.test(uri))
  if (found === undefined)
    throw new Error('apt knows no Debian mirror: add one to /etc/apt/sources.list.d, then try again')
  return found.replace(/\/$/, '')
}

/**
 * A root file system from packages of a Debian suite, with what they depend on, unpacked but not configured. Kept for
 * as long as the list stays the same.
 */
export const debianLayer = async (suite: string, packages: readonly string[], log: Log): Promise<Layer> => {
  const key = createHash('sha256')
    .update(JSON.stringify([suite, packages]))
    .digest('hex')
    .slice(0, 16)
  const folder = join(cacheDirectory, 'debian')
  const path = join(folder, `${suite}-${key}.tar`)
  if (existsSync(path)) return layerOf(path)
  return withLock(`${path}.lock`, async () => {
    if (existsSync(path)) return layerOf(path)
    mkdirSync(folder, { recursive: true })
    log(`making a root file system of Debian ${suite}, about half a minute: ${packages.join(' ')}`)
    const unfinished = `${path}.unfinished.tar`
    rmSync(unfinished, { force: true })
    await run('mmdebstrap', [
      '--variant=extract',
      // sid's release file may be past its date on a mirror that lags
      '--aptopt=Acquire::Check-Valid-Until "false"',
      // base-files brings the /lib and /lib64 links, without which nothing starts
      `--include=${['base-files', 'libc6', ...packages].join(',')}`,
      suite,
      unfinished,
      await mirror(),
    ])
    renameSync(unfinished, path)
    return layerOf(path)
  })
}
