import { spawn } from 'node:child_process'
import { mkdirSync, openSync, closeSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { identify, isAlive, signal, type ProcessIdentity } from './process-identity.ts'
import { waitUntil } from './wait-until.ts'

export interface ProcessRecord extends ProcessIdentity {
  readonly name: string
  readonly command: readonly string[]
}

const recordPath = (state: string, name: string): string => join(state, 'pids', name)

/**
 * Starts a program that outlives this process: its own session, output to `logs/NAME.log` and a record of who it is to
 * `pids/NAME`, both under `state`.
 */
export const startRecorded = (state: string, name: string, command: readonly string[]): ProcessRecord => {
  mkdirSync(join(state, 'logs'), { recursive: true })
  mkdirSync(join(state, 'pids'), { recursive: true })
  const [file, ...args] = command
  if (file === undefined) throw new Error(`${name}: an empty command`)
  const log = openSync(join(state, 'logs', `${name}.log`), 'a')
  try {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log] })
    child.on('error', () => undefined) // no pid then, which is reported below
    child.unref()
    const identity = child.pid === undefined ? undefined : identify(child.pid)
    if (identity === undefined) throw new Error(`${name} did not start: ${file} (see ${state}/logs/${name}.log)`)
    const record = { ...identity, name, command }
    writeFileSync(recordPath(state, name), JSON.stringify(record))
    return record
  } finally {
    closeSync(log)
  }
}

export const recordedProcess = (state: string, name: string): ProcessRecord | undefined => {
  try {
    return JSON.parse(readFileSync(recordPath(state, name), 'utf8')) as ProcessRecord
  } catch {
    return undefined
  }
}

/** All records under `state`, of living and dead processes. */
export const recordedProcesses = (state: string): readonly ProcessRecord[] => {
  let names: readonly string[] = []
  try {
    names = readdirSync(join(state, 'pids'))
  } catch {
    return []
  }
  return names.flatMap((name) => recordedProcess(state, name) ?? [])
}

/** Ends the processes, with SIGKILL for those still there after `graceMs`, and resolves when all are gone. */
export const stopAll = async (processes: readonly ProcessIdentity[], graceMs: number): Promise<void> => {
  const gone = (): boolean => processes.every((process) => !isAlive(process))
  for (const process of processes) signal(process, 'SIGCONT')
  if (graceMs > 0) {
    for (const process of processes) signal(process, 'SIGTERM')
    await waitUntil('processes ending by SIGTERM', gone, { timeoutMs: graceMs, intervalMs: 20 }).catch(() => undefined)
  }
  for (const process of processes) signal(process, 'SIGKILL')
  await waitUntil('processes ending by SIGKILL', gone, { timeoutMs: 10_000, intervalMs: 20 })
}
