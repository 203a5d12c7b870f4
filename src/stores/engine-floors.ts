import { compareVersions, lineOf } from './engine-version.ts'

/** The least version of a line that has every fix we know of, and what the ones before it lack. */
interface Floor {
  readonly least: string
  readonly lacks: string
}

const tls = 'CVE-2026-81934 (use after free in TLS)'
const heldRights = 'redis#15673 (key rights that were taken away still hold in queued transactions)'
const bus = 'GHSA-f4q9-j22m-xqq9 (cluster bus)'

/** By type and line, as of October 2026; sources in docs/dependencies.md. */
const floors: Readonly<Record<'Redis' | 'Valkey', Readonly<Record<string, Floor>>>> = {
  Redis: {
    '8.10': { least: '8.10.2', lacks: `${tls}, ${heldRights}` },
    '8.8': { least: '8.8.3', lacks: `${tls}, ${heldRights}` },
    '8.6': { least: '8.6.7', lacks: `${tls}, ${heldRights}` },
    '8.4': { least: '8.4.6', lacks: tls },
    '8.2': { least: '8.2.9', lacks: tls },
    '7.4': { least: '7.4.11', lacks: tls },
    '7.2': { least: '7.2.16', lacks: tls },
  },
  Valkey: {
    '9.1': { least: '9.1.3', lacks: bus },
    '9.0': { least: '9.0.7', lacks: bus },
    '8.1': { least: '8.1.11', lacks: bus },
    '8.0': { least: '8.0.12', lacks: bus },
    '7.2': { least: '7.2.15', lacks: bus },
  },
}

/** Why a server of this version should not be run, or undefined. Of a line newer than all of ours nothing is known, so nothing is said. */
export const belowFloor = (type: 'Redis' | 'Valkey', version: string): string | undefined => {
  const line = lineOf(version)
  const known = floors[type]
  const floor = known[line]
  if (floor)
    return compareVersions(version, floor.least) < 0
      ? `${type} ${version} lacks ${floor.lacks}: ${line} has it from ${floor.least} on`
      : undefined
  const isNewest = Object.keys(known).every((each) => compareVersions(line, each) > 0)
  return isNewest
    ? undefined
    : `${type} ${line} gets no fixes any more, as far as this operator knows; these lines do: ${Object.keys(known).join(', ')}`
}
