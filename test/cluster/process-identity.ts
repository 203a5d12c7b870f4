import { readFileSync } from 'node:fs'

/**
 * A process id alone does not name a process: after a reboot, or a long while, the number belongs to another one. With
 * the start time (field 22 of proc_pid_stat(5)) and the boot's id it does.
 */
export interface ProcessIdentity {
  readonly pid: number
  readonly startTime: string
  readonly bootId: string
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** Who runs under this number now; `undefined` for nobody, or a zombie. */
export const identify = (pid: number): ProcessIdentity | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the second field is the program's name in parentheses and may hold spaces and parentheses itself
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, startTime] = [fields[0], fields[19]]
    if (startTime === undefined || state === 'Z' || state === 'X') return undefined
    return { pid, startTime, bootId: bootId() }
  } catch {
    return undefined
  }
}

export const isAlive = (process: ProcessIdentity): boolean => {
  const now = identify(process.pid)
  return now !== undefined && now.startTime === process.startTime && now.bootId === process.bootId
}

/** Sends a signal if the process is still the same one; says whether it was. */
export const signal = (target: ProcessIdentity, name: NodeJS.Signals): boolean => {
  if (!isAlive(target)) return false
  try {
    process.kill(target.pid, name)
    return true
  } catch {
    return false
  }
}
