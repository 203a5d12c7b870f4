import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { PresetName } from '../../src/sessions/presets.ts'
import { run } from '../cluster/command.ts'
import { cacheDirectory } from '../cluster/directories.ts'
import { withLock } from '../cluster/lock.ts'
import type { Log } from '../cluster/tools/build-go-program.ts'

/** How the programs of one language are made ready, in a folder that has their sources. */
interface Language {
  readonly says: string
  readonly prepare: (folder: string) => Promise<unknown>
}

const languages = {
  javascript: {
    says: 'installing the npm packages of three applications, about 20 s',
    prepare: async (folder) => await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder }),
  },
  python: {
    says: 'installing the Python packages of two applications, about 20 s',
    prepare: async (folder) => {
      await run('python3', ['-m', 'venv', join(folder, 'venv')])
      await run(join(folder, 'venv/bin/pip'), ['install', '--quiet', '--requirement', 'requirements.txt'], {
        cwd: folder,
      })
    },
  },
  go: {
    says: 'building two Go applications, about a minute the first time',
    prepare: async (folder) => await run('go', ['build', '-o', 'bin/', './...'], { cwd: folder }),
  },
  php: { says: 'copying the PHP application', prepare: () => Promise.resolve() },
  java: {
    says: 'building the Spring application with Maven, one to two minutes the first time',
    prepare: async (folder) => await run('mvn', ['--quiet', '--batch-mode', 'package'], { cwd: folder }),
  },
} as const satisfies Record<string, Language>

interface Program {
  readonly language: keyof typeof languages
  /** Run in the folder of its language. */
  readonly command: (port: number) => readonly [string, ...string[]]
  readonly env?: Readonly<Record<string, string>>
}

const javascript = (file: string): Program => ({ language: 'javascript', command: () => [process.execPath, file] })
const python = (file: string): Program => ({ language: 'python', command: () => ['venv/bin/python', file] })
// The compiler's first stage only: it starts in half the time, and serves few requests.
const java = ['java', '-XX:TieredStopAtLevel=1', '-Xmx256m', '-jar', 'target/clients.jar'] as const

/** Applications that run as processes of this machine, one for each of these presets. */
export const programs = {
  'django-cache': { ...python('django_app.py'), env: { SESSION_ENGINE: 'cache' } },
  'django-cached-db': { ...python('django_app.py'), env: { SESSION_ENGINE: 'cached_db' } },
  fastify: javascript('fastify.js'),
  'flask-session': python('flask_app.py'),
  'gorilla-redistore': { language: 'go', command: () => ['bin/gorilla'] },
  koa: javascript('koa.js'),
  lucia: javascript('lucia.js'),
  phpredis: {
    language: 'php',
    command: (port) => ['php', '-S', `127.0.0.1:${port}`, 'index.php'],
    env: { PHP_CLI_SERVER_WORKERS: '4' },
  },
  scs: { language: 'go', command: () => ['bin/scs'] },
  'spring-session': { language: 'java', command: () => java, env: { REPOSITORY: 'default' } },
  'spring-session-indexed': { language: 'java', command: () => java, env: { REPOSITORY: 'indexed' } },
} as const satisfies Partial<Record<PresetName, Program>>

export type ProgramName = keyof typeof programs

export const programNames = Object.keys(programs) as ProgramName[]

const sources = join(import.meta.dirname, 'programs')

/** The folder of a language's programs, made ready once and kept outside of the checkout, by what is in it. */
const readyFolder = async (language: keyof typeof languages, log: Log): Promise<string> => {
  const from = join(sources, language)
  const npmrc = join(import.meta.dirname, '../../.npmrc')
  const hash = createHash('sha256')
  const files = readdirSync(from, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  for (const path of files.map(({ parentPath, name }) => join(parentPath, name)).toSorted())
    hash.update(`${path.slice(from.length)}\n`).update(readFileSync(path))
  const folder = join(cacheDirectory, 'clients', `${language}-${hash.digest('hex').slice(0, 16)}`)
  const marker = join(folder, '.ready')
  mkdirSync(join(cacheDirectory, 'clients'), { recursive: true })
  return await withLock(`${folder}.lock`, async () => {
    if (existsSync(marker)) return folder
    log(languages[language].says)
    rmSync(folder, { recursive: true, force: true })
    // In its last place from the start: a Python environment cannot be moved.
    cpSync(from, folder, { recursive: true })
    if (language === 'javascript') cpSync(npmrc, join(folder, '.npmrc'))
    await languages[language].prepare(folder)
    mkdirSync(`${marker}.unfinished`)
    renameSync(`${marker}.unfinished`, marker)
    return folder
  })
}

/** How to start the program of a preset, made ready if need be. */
export const readyProgram = async (
  name: ProgramName,
  log: Log,
): Promise<Pick<Program, 'command' | 'env'> & { readonly folder: string }> => {
  const program: Program = programs[name]
  return { ...program, folder: await readyFolder(program.language, log) }
}
