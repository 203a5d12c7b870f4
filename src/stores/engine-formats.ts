import { compareVersions } from './engine-version.ts'
import type { ResolvedEngine } from './engines.ts'

/**
 * The version of the format (RDB) in which a server sends its data to a replica and writes its files, by the first line that has it: `RDB_VERSION` in `src/rdb.h` of
 * each. A server reads the formats before its own.
 */
const formats: Readonly<Record<ResolvedEngine['type'], readonly (readonly [line: string, format: number])[]>> = {
  Redis: [
    ['7.2', 11],
    ['7.4', 12],
    ['8.6', 13],
    ['8.8', 14],
    ['8.10', 15],
  ],
  Valkey: [
    ['7.2', 11],
    ['9.0', 80],
  ],
}

/** Valkey reads nothing that Redis has written since they went different ways (`RDB_FOREIGN_VERSION_MIN` and `_MAX`), unless `rdb-version-check` is relaxed. */
const foreignToValkey = { from: 12, to: 79 } as const

type Line = Pick<ResolvedEngine, 'type' | 'version'>

const formatOf = ({ type, version }: Line): number =>
  formats[type].findLast(([line]) => compareVersions(version, line) >= 0)?.[1] ?? 0

/** True when a server of the first line reads what one of the second has written. A replica that does not has lost what it had before it finds out (valkey#2588). */
export const canRead = (reader: Line, writer: Line): boolean => {
  const format = formatOf(writer)
  const isForeign = format >= foreignToValkey.from && format <= foreignToValkey.to
  return format <= formatOf(reader) && !(reader.type === 'Valkey' && isForeign)
}
