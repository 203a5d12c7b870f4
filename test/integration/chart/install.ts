import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { buildGoProgram } from '../../cluster/tools/build-go-program.ts'
import { helm as helmProgram } from '../../cluster/tools/go-programs.ts'
import type { ApiServer } from '../api-server.ts'

export const chart = join(import.meta.dirname, '../../../charts/session-store-operator')

/** What a program said. */
export interface Answer {
  readonly ok: boolean
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; its failure is an answer too. */
export const answerOf = (file: string, args: readonly string[], stdin?: string): Promise<Answer> =>
  new Promise((resolve) => {
    const child = execFile(file, args, { maxBuffer: 64 << 20 }, (error, stdout, stderr) =>
      resolve({ ok: error === null, stdout, stderr }),
    )
    child.stdin?.end(stdin)
  })

/** Throws what the program said on stderr when it failed; else resolves with its stdout. */
export const output = async (answer: Promise<Answer>): Promise<string> => {
  const { ok, stdout, stderr } = await answer
  if (!ok) throw new Error(stderr)
  return stdout
}

const helmBinary = async (): Promise<string> =>
  join(await buildGoProgram(helmProgram, (line) => console.log(line)), 'helm')

/** Runs Helm, against a server if there is one. */
export const helm = async (server: ApiServer | undefined, ...args: readonly string[]): Promise<Answer> =>
  await answerOf(await helmBinary(), [...(server ? ['--kubeconfig', server.kubeconfig] : []), ...args])

export interface Caller {
  readonly user: string
  readonly groups?: readonly string[]
  readonly uid?: string
}

/** Runs kubectl as the administrator, or as `caller` by impersonation. */
export const kubectl = async (
  server: ApiServer,
  args: readonly string[],
  { caller, stdin }: { readonly caller?: Caller | undefined; readonly stdin?: unknown } = {},
): Promise<Answer> => {
  const as = caller
    ? [
        '--as',
        caller.user,
        ...(caller.groups ?? []).flatMap((group) => ['--as-group', group]),
        ...(caller.uid === undefined ? [] : ['--as-uid', caller.uid]),
      ]
    : []
  return await answerOf(
    server.kubectl,
    ['--kubeconfig', server.kubeconfig, ...as, ...args],
    stdin === undefined ? undefined : JSON.stringify(stdin),
  )
}
