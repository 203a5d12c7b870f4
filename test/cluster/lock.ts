import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Runs `work` while no other process holds the lock file. The lock is the kernel's, held through a child that ends when
 * this process does: one that was killed leaves nothing to clear up.
 */
export const withLock = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  mkdirSync(dirname(path), { recursive: true })
  const holder = spawn('flock', [path, 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    await Promise.race([
      once(holder.stdout, 'data'),
      once(holder, 'exit').then(([code]) => {
        throw new Error(`the lock ${path}: flock ended with code ${String(code)}`)
      }),
    ])
    return await work()
  } finally {
    const ended = holder.exitCode === null && holder.pid !== undefined ? once(holder, 'exit') : undefined
    holder.stdin.end()
    await ended
  }
}
