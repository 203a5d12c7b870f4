import { attempt } from '../command.ts'

/** Why kind cannot be used here; `undefined` when it can. */
export const whyNotKind = async (): Promise<string | undefined> => {
  if (process.env['TEST_CLUSTER'] === 'local') return 'TEST_CLUSTER is local'
  if ((await attempt('docker', ['info'], { timeoutMs: 10_000 })) === undefined) {
    return 'no Docker engine answers `docker info`'
  }
  const there = (await attempt('kind', ['version'])) ?? (await attempt('go', ['version']))
  return there === undefined ? 'neither `kind` nor `go` to build it is on PATH' : undefined
}
