import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive } from '../cluster/process-identity.ts'
import { recordedProcesses } from '../cluster/recorded-process.ts'
import { buildGoProgram } from '../cluster/tools/build-go-program.ts'
import { ensureDebianPackages } from '../cluster/tools/debian-packages.ts'
import { helm, kubernetes } from '../cluster/tools/go-programs.ts'
import { apiServerPrefix } from './api-server.ts'

/** Files of API servers whose run was killed; the processes ended with it. */
const removeAbandoned = (): void => {
  for (const name of readdirSync(tmpdir()).filter((each) => each.startsWith(apiServerPrefix))) {
    const folder = join(tmpdir(), name)
    const records = recordedProcesses(folder)
    // one without a record is being made at this moment
    if (records.length > 0 && !records.some(isAlive)) rmSync(folder, { recursive: true, force: true })
  }
}

/** Installs and builds what these tests run, before the clock of any test or hook runs. */
export const setup = async (): Promise<void> => {
  const log = (line: string): void => console.log(line)
  await ensureDebianPackages(log)
  for (const program of [kubernetes, helm]) await buildGoProgram(program, log)
  removeAbandoned()
}
