import { z } from 'zod'
import { exportedRecord, UnreadableExportError, type ExportedRecord } from './exported-record.ts'
import { readKubernetesYaml } from './kubernetes-yaml.ts'
import { isStreamLine, readStream } from './read-stream.ts'

/** Half of what a string can be in V8; 200,000 records and more. */
const maxLength = 256 * 1024 * 1024

const wanted =
  'wanted AuditRecords as `kubectl get auditrecords -o json` prints them, in JSON or YAML, or the JSON-lines stream'

/**
 * Reads AuditRecords as kubectl prints them (a list, one object, several YAML documents), or the operator's JSON-lines stream among other log
 * lines. What stands for a record and is none comes back as broken, never left out. Throws `UnreadableExportError` when this is no export.
 */
export const readExport = (text: string): readonly ExportedRecord[] => {
  if (text.length > maxLength)
    throw new UnreadableExportError(`larger than ${maxLength / 1024 / 1024} MiB: export one namespace at a time`)
  const content = text.replace(/^\uFEFF/, '').trim()
  if (content === '') throw new UnreadableExportError(`empty; ${wanted}`)
  if (/^(---\s|apiVersion:|kind:|items:|metadata:|spec:)/.test(content))
    return readAll(attempt('YAML', () => readKubernetesYaml(content)).filter((document) => document !== null))
  if (!/^[[{]/.test(content)) return fromStream(content)
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (error) {
    return fromStream(content, error)
  }
  return readAll([value])
}

const fromStream = (text: string, jsonError?: unknown): readonly ExportedRecord[] => {
  const records = readStream(text)
  if (records.length > 0) return records
  const why = jsonError instanceof Error ? `not whole JSON (${jsonError.message.slice(0, 200)}), and ` : ''
  throw new UnreadableExportError(`${why}no line of the audit stream is in it; ${wanted}`)
}

const attempt = <T>(format: string, read: () => T): T => {
  try {
    return read()
  } catch (error) {
    const message = error instanceof Error ? error.message.slice(0, 200) : 'unknown'
    throw new UnreadableExportError(`not ${format}: ${message}; ${wanted}`, { cause: error })
  }
}

const listSchema = z.object({ kind: z.enum(['List', 'AuditRecordList']), items: z.array(z.unknown()) })

const readAll = (documents: readonly unknown[]): readonly ExportedRecord[] => {
  const values = documents.flatMap((document) => {
    const list = listSchema.safeParse(document)
    if (list.success) return list.data.items
    return Array.isArray(document) ? (document as readonly unknown[]) : [document]
  })
  const known = documents.some((document) => listSchema.safeParse(document).success) || values.some(looksLikeRecord)
  if (!known) throw new UnreadableExportError(`no AuditRecord is in it; ${wanted}`)
  return values.map((value, index) => readItem(value, `item ${index + 1}`))
}

const looksLikeRecord = (value: unknown): boolean =>
  isStreamLine(value) ||
  (typeof value === 'object' && value !== null && (('kind' in value && value.kind === 'AuditRecord') || isBare(value)))

const isBare = (value: object): boolean => 'entry' in value && 'signature' in value

const objectSchema = z.object({
  apiVersion: z.string().regex(/^sessionstore\.dev\//, 'wanted sessionstore.dev'),
  kind: z.literal('AuditRecord', 'wanted AuditRecord: export nothing else with them'),
  metadata: z.object({ name: z.string().min(1), namespace: z.string().min(1) }),
})
const named = z.object({ metadata: z.object({ name: z.string().min(1) }) })

const readItem = (value: unknown, place: string): ExportedRecord => {
  if (isStreamLine(value)) return exportedRecord(value.record, place)
  if (typeof value === 'object' && value !== null && isBare(value)) return exportedRecord(value, place)
  const object = objectSchema.safeParse(value)
  if (object.success) {
    const spec = typeof value === 'object' && value !== null && 'spec' in value ? value.spec : undefined
    return exportedRecord(spec, place, object.data.metadata)
  }
  const [issue] = object.error.issues
  const name = named.safeParse(value)
  return {
    name: name.success ? name.data.metadata.name : place,
    reason: `field ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`,
  }
}
