import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../cluster/command.ts'
import { cacheDirectory } from '../cluster/directories.ts'
import { nodeImage } from '../cluster/images/catalog.ts'
import { debianLayer } from '../cluster/images/debian-layer.ts'
import { makeImage, type Image } from '../cluster/images/make-image.ts'
import { withLock } from '../cluster/lock.ts'
import type { Log } from '../cluster/tools/build-go-program.ts'

export const expressTag = 'session-store.test/express:1'
export const railsTag = 'session-store.test/rails:1'

const expressFolder = join(import.meta.dirname, 'express')

/** The application's packages as its lockfile says, kept outside of the checkout. */
const expressModules = async (log: Log): Promise<string> => {
  const inputs = ['package.json', 'package-lock.json'].map((name) => join(expressFolder, name))
  const npmrc = join(import.meta.dirname, '../../.npmrc')
  const hash = createHash('sha256')
  for (const path of inputs) hash.update(readFileSync(path))
  const folder = join(cacheDirectory, 'express', hash.digest('hex').slice(0, 16))
  return withLock(`${folder}.lock`, async () => {
    if (existsSync(folder)) return join(folder, 'node_modules')
    log('installing the packages of the express application, a few seconds')
    const unfinished = `${folder}.unfinished`
    rmSync(unfinished, { recursive: true, force: true })
    mkdirSync(unfinished, { recursive: true })
    for (const path of [...inputs, npmrc]) cpSync(path, join(unfinished, path.slice(path.lastIndexOf('/') + 1)))
    await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: unfinished })
    renameSync(unfinished, folder)
    return join(folder, 'node_modules')
  })
}

/** The application in `express/`: express 5 with express-session and connect-redis. Listens on 3000. */
export const expressImage = async (log: Log): Promise<Image> => {
  const base = await nodeImage(log)
  const modules = await expressModules(log)
  return makeImage({
    tag: expressTag,
    base,
    layers: [
      { from: modules, to: '/app/node_modules' },
      ...['package.json', 'gate.js', 'server.js'].map((name) => ({
        from: join(expressFolder, name),
        to: `/app/${name}`,
      })),
    ],
    entrypoint: ['/usr/local/bin/node', 'server.js'],
    env: { NODE_ENV: 'production' },
    workingDirectory: '/app',
  })
}

/** The application in `rails/`: Rails 6.1 with redis-actionpack, all from Debian bookworm. Listens on 3000. */
export const railsImage = async (log: Log): Promise<Image> =>
  makeImage({
    tag: railsTag,
    base: {
      layers: [await debianLayer('bookworm', ['ruby', 'ruby-railties', 'ruby-redis-actionpack', 'puma'], log)],
      env: {},
    },
    layers: [{ from: join(import.meta.dirname, 'rails'), to: '/app' }],
    entrypoint: ['/usr/bin/ruby', '/usr/bin/puma', '--quiet', '--config', 'config/puma.rb'],
    env: { RAILS_ENV: 'production', LANG: 'C.UTF-8' },
    workingDirectory: '/app',
  })
