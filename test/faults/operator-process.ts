import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from '../../build/bundle.ts'
import { cacheDirectory } from '../cluster/directories.ts'

/** An operator that runs on this machine, in the network of a pod. */
export interface OperatorProcess {
  readonly pid: number
  readonly logFile: string
  /** Resolves with the exit code, null after a signal. */
  readonly exited: Promise<number | null>
  /** Sends a signal; for SIGKILL and SIGTERM wait for `exited`. */
  signal(signal: NodeJS.Signals): void
  /** Lines of its log so far. */
  log(): readonly { readonly level: string; readonly msg: string; readonly [key: string]: unknown }[]
  /** Resident set in bytes, as the kernel counts it. */
  rssBytes(): number
}

export interface OperatorProcessOptions {
  /** File for `nsenter --net`. */
  readonly netns: string
  readonly kubeconfig: string
  readonly logFile: string
  readonly args: readonly string[]
}

let built: Promise<string> | undefined

/** What the image holds: it starts in a third of the time that the sources need. Made once a run. */
const program = (): Promise<string> => {
  built ??= (async () => {
    const outfile = join(cacheDirectory, 'operator', `faults-${process.pid}`, 'main.mjs')
    await bundle({ entry: 'src/main.ts', outfile })
    return outfile
  })()
  return built
}

export const startOperator = async ({
  netns,
  kubeconfig,
  logFile,
  args,
}: OperatorProcessOptions): Promise<OperatorProcess> => {
  const file = await program()
  const log = openSync(logFile, 'a')
  const child = spawn('nsenter', [`--net=${netns}`, process.execPath, file, ...args], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ['ignore', 'ignore', log],
  })
  closeSync(log)
  const exited = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code))
  })
  // nsenter becomes the program, so its process is the operator's own
  const { pid } = child
  if (pid === undefined) throw new Error('nsenter could not be started')
  return {
    pid,
    logFile,
    exited,
    signal: (signal) => void child.kill(signal),
    log: () =>
      readFileSync(logFile, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as { level: string; msg: string }),
    rssBytes: () => 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]),
  }
}
