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
    ['9.2', 81],
  ],
}

/** Valkey reads nothing that Redis has written since they went different ways (`RDB_FOREIGN_VERSION_MIN` and `_MAX`), unless `rdb-version-check` is relaxed. */
const foreignToValkey = { from: 12, to: 79 } as const

type Line = Pick<ResolvedEngine, 'type' | 'version'>

/** Undefined for a line that is newer than all of these. */
const formatOf = ({ type, version }: Line): number | undefined => {
  const known = formats[type]
  const isNewer = compareVersions(version, known.at(-1)?.[0] ?? '') > 0
  return isNewer ? undefined : known.findLast(([line]) => compareVersions(version, line) >= 0)?.[1]
}

/** True when a server of the first line reads what one of the second has written. A replica that does not has lost what it had before it finds out (valkey#2588). */
export const canRead = (reader: Line, writer: Line): boolean => {
  if (reader.type === writer.type && compareVersions(reader.version, writer.version) >= 0) return true
  const format = formatOf(writer)
  if (format === undefined) return false
  const isForeign = format >= foreignToValkey.from && format <= foreignToValkey.to
  const most = formatOf(reader)
  return (most === undefined || format <= most) && !(reader.type === 'Valkey' && isForeign)
}
