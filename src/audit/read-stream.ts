import { exportedRecord, type ExportedRecord } from './exported-record.ts'
import { streamName } from './sink.ts'

// As the sink writes it. Inside any JSON string its quotes would be escaped, so it begins a line of the stream wherever it stands: after the
// prefixes that `kubectl logs --prefix --timestamps` and container runtimes put before it.
const marker = `{"stream":${JSON.stringify(streamName)}`

/** https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md: time, stream, tags (P: goes on), text. */
const criLine = /^\d{4}-\S+ (stdout|stderr) ([FP])(?::\S*)? (.*)$/

interface Line {
  readonly number: number
  readonly text: string
}

/** The records of the JSON-lines stream, among whatever other log lines there are. */
export const readStream = (text: string): readonly ExportedRecord[] =>
  [...whole(text)].flatMap((line) => recordOf(line))

const recordOf = ({ number, text }: Line): readonly ExportedRecord[] => {
  if (!text.includes(streamName)) return []
  const place = `line ${number}`
  const at = text.indexOf(marker)
  const value = parse(at === -1 ? text.slice(Math.max(text.indexOf('{'), 0)) : text.slice(at))
  if (isStreamLine(value)) return [exportedRecord(value.record, place)]
  return at === -1 ? [] : [{ name: place, reason: 'a line of the stream that is not whole JSON: cut off, or edited' }]
}

/** A parsed line of the stream; a log collector may have added fields or changed their order. */
export const isStreamLine = (value: unknown): value is { readonly record?: unknown } =>
  typeof value === 'object' && value !== null && 'stream' in value && value.stream === streamName

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Lines, those that a container runtime has cut in parts put together again. */
function* whole(text: string): Generator<Line> {
  const parts = { stdout: '', stderr: '' }
  let number = 0
  for (const line of text.split(/\r?\n/)) {
    number += 1
    const [, stream, tag, content] = criLine.exec(line) ?? []
    if ((stream !== 'stdout' && stream !== 'stderr') || content === undefined) {
      yield { number, text: line }
      continue
    }
    parts[stream] += content
    if (tag === 'P') continue
    yield { number, text: parts[stream] }
    parts[stream] = ''
  }
  // The end of the log may have been cut off: what is there must not be lost in silence.
  for (const rest of Object.values(parts)) if (rest !== '') yield { number, text: rest }
}
