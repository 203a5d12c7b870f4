import { spawn } from 'node:child_process'

/** A command that ended with a code other than 0, or ran out of its time. The message ends with what it said last. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string

  constructor(command: string, code: number | null, stdout: string, stderr: string) {
    super(
      `${command} ${code === null ? 'was killed' : `ended with code ${code}`}: ${(stderr || stdout).trim().slice(-2000)}`,
    )
    this.code = code
    this.stdout = stdout
    this.stderr = stderr
  }
}

export interface CommandOptions {
  readonly input?: string | Uint8Array
  readonly cwd?: string
  /** Added to this process' own environment. */
  readonly env?: Readonly<Record<string, string>>
  /** After this the command is killed and the promise rejects. Default: no limit. */
  readonly timeoutMs?: number
  /** Called with each line of either stream as it comes. */
  readonly onLine?: (line: string) => void
}

export interface CommandResult {
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end. Rejects with {@link CommandFailed} unless it ends with code 0. */
export const run = (file: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> =>
  new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' }),
    })
    const collect = (stream: NodeJS.ReadableStream): (() => string) => {
      let all = ''
      let rest = ''
      stream.setEncoding('utf8')
      stream.on('data', (chunk: string) => {
        all += chunk
        if (options.onLine === undefined) return
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) options.onLine(line)
      })
      return () => all
    }
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    child.on('error', (cause) => reject(new Error(`${file} could not be started`, { cause })))
    child.on('close', (code) => {
      if (code === 0) resolve({ stdout: stdout(), stderr: stderr() })
      else reject(new CommandFailed([file, ...args].join(' ').slice(0, 300), code, stdout(), stderr()))
    })
    // a program that does not read its input to the end is judged by its exit code
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input)
  })

/** Like {@link run}, but any failure is `undefined`: for looking whether something is there and for clearing up. */
export const attempt = (
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult | undefined> => run(file, args, options).catch(() => undefined)
