import { buildGoProgram } from '../cluster/tools/build-go-program.ts'
import { kubernetes } from '../cluster/tools/go-programs.ts'

/** Builds what `startApiServer` runs, before the clock of any test or hook runs. */
export const setup = async (): Promise<void> => {
  await buildGoProgram(kubernetes, (line) => console.log(line))
}
