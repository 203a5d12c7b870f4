import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../command.ts'
import { cacheDirectory } from '../directories.ts'
import { withLock } from '../lock.ts'
import type { GoProgram } from './go-programs.ts'

export type Log = (line: string) => void

const leastGo = [1, 26] as const
/** A build says something at least this often. */
const progressMs = 15_000

/** Fails with the remedy unless a Go toolchain is there that can build what the programs ask for. */
const checkGo = async (): Promise<string> => {
  const remedy = `install Go ${leastGo.join('.')} or newer (https://go.dev/dl) and put its bin folder on PATH`
  const answer = await run('go', ['env', 'GOVERSION']).catch((cause: unknown) => {
    throw new Error(`The test cluster is built from Go modules and \`go\` is not there: ${remedy}.`, { cause })
  })
  const goVersion = answer.stdout.trim()
  const [major = 0, minor = 0] = goVersion.replace(/^go/, '').split('.').map(Number)
  if (major < leastGo[0] || (major === leastGo[0] && minor < leastGo[1])) {
    throw new Error(`Go is ${goVersion}, too old for the test cluster: ${remedy}.`)
  }
  return goVersion
}

const inputsOf = ({ source, ldflags }: GoProgram): string => {
  const hash = createHash('sha256').update(`${process.arch} ${ldflags}\n`)
  if ('folder' in source) {
    for (const file of readdirSync(source.folder).sort()) {
      hash.update(`${file}\n`).update(readFileSync(join(source.folder, file)))
    }
  } else hash.update(`${source.package}@${source.version}`)
  return hash.digest('hex').slice(0, 16)
}

/** Where the program lies once built: a folder of its own, keyed by all that goes into it. */
export const folderOf = (program: GoProgram): string =>
  join(cacheDirectory, 'bin', `${program.name}-${inputsOf(program)}`)

const compile = async (program: GoProgram, into: string, log: Log): Promise<void> => {
  const goVersion = await checkGo()
  log(
    `building ${program.name} with ${goVersion}: the first time it takes ${program.coldBuild} on two cores, ` +
      'seconds when Go has it cached; the result is kept',
  )
  const { source } = program
  const cwd = 'folder' in source ? source.folder : undefined
  const total =
    cwd === undefined
      ? undefined
      : (await run('go', ['list', '-mod=readonly', '-deps', '.'], { cwd })).stdout.trim().split('\n').length
  const started = performance.now()
  let packages = 0
  const progress = (): void => {
    const seconds = Math.round((performance.now() - started) / 1000)
    const share = total === undefined ? '' : ` of at most ${total} (${Math.round((packages * 100) / total)} %)`
    log(`building ${program.name}: ${packages} packages compiled${share}, ${seconds} s`)
  }
  const timer = setInterval(progress, progressMs)
  const common = ['-v', '-trimpath', `-ldflags=${program.ldflags}`]
  const options = {
    env: { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' },
    // with -v each package that is compiled is named; lines with a blank are messages, as of a download
    onLine: (line: string): void => {
      if (/^\S+$/.test(line)) packages++
    },
  }
  try {
    if ('folder' in source) {
      await run('go', ['build', '-mod=readonly', ...common, '-o', join(into, program.name), '.'], {
        ...options,
        cwd: source.folder,
      })
    } else {
      await run('go', ['install', ...common, `${source.package}@${source.version}`], {
        ...options,
        env: { ...options.env, GOBIN: into },
      })
    }
  } finally {
    clearInterval(timer)
  }
  progress()
}

/** Builds the program unless its folder in the cache is there. Resolves with that folder. */
export const buildGoProgram = async (program: GoProgram, log: Log): Promise<string> => {
  const folder = folderOf(program)
  if (existsSync(folder)) return folder
  return withLock(join(cacheDirectory, `${program.name}.lock`), async () => {
    if (existsSync(folder)) return folder
    const unfinished = `${folder}.unfinished`
    rmSync(unfinished, { recursive: true, force: true })
    mkdirSync(unfinished, { recursive: true })
    await compile(program, unfinished, log)
    for (const link of program.links) symlinkSync(program.name, join(unfinished, link))
    renameSync(unfinished, folder)
    return folder
  })
}
