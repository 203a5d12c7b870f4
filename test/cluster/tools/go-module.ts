import { tmpdir } from 'node:os'
import { run } from '../command.ts'

/** The folder of a Go module's sources, downloaded if need be, for files of it that are no program: such as a project's CRDs. */
export const goModule = async (module: string, version: string): Promise<string> => {
  // Outside of any module: its go.mod would have to name this one.
  const { stdout } = await run('go', ['mod', 'download', '-json', `${module}@${version}`], { cwd: tmpdir() })
  return (JSON.parse(stdout) as { readonly Dir: string }).Dir
}
