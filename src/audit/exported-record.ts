import { nameOf } from './record-name.ts'
import { parseRecord } from './record-schema.ts'
import type { SignedRecord } from './record.ts'

/** The Kubernetes object a record was read from. */
export interface RecordObject {
  readonly name: string
  readonly namespace: string
}

/** A record as it was found. */
export interface IntactForm {
  readonly record: SignedRecord
  /** Absent when the record comes from the stream, or bare. */
  readonly object?: RecordObject
}

/** Something that stands where a record should and has not its form. It never holds. */
export interface BrokenForm {
  /** The name of its object, or as it would be by its entry, or where it stands in the file. */
  readonly name: string
  readonly reason: string
}

export type ExportedRecord = IntactForm | BrokenForm

/** The input cannot be read at all: it is no export, or too large. The message says what was expected. */
export class UnreadableExportError extends Error {
  override readonly name = 'UnreadableExportError'
}

/** Reads one record. `place` says where in the file it stands, for records that do not say what they are. */
export const exportedRecord = (value: unknown, place: string, object?: RecordObject): ExportedRecord => {
  const parsed = parseRecord(value)
  if ('record' in parsed) return { record: parsed.record, ...(object && { object }) }
  const name = object?.name ?? (parsed.claims ? nameOf(parsed.claims.storeUid, parsed.claims.sequence) : place)
  return { name, reason: parsed.reason }
}
