import { open } from 'node:fs/promises'
import type { SignedRecord } from './record.ts'

/** Where records go beside Kubernetes: a stream that leaves the cluster with the logs, and so bears witness to the newest record. */
export interface AuditSink {
  /** Appends one line. Resolves when the operating system has it. */
  write(record: SignedRecord): Promise<void>
  close(): Promise<void>
}

/** How the lines of the stream are told from other log lines. */
export const streamName = 'session-store-audit'

/** Opens a file, a pipe or a device such as `/dev/stdout` for appending. */
export const openSink = async (path: string): Promise<AuditSink> => {
  const file = await open(path, 'a')
  let last: Promise<unknown> = Promise.resolve()
  return {
    write: async (record) => {
      const line = `${JSON.stringify({ stream: streamName, record })}\n`
      // One after another: two writes at once could mix their lines.
      const mine = last.then(
        () => file.appendFile(line),
        () => file.appendFile(line),
      )
      last = mine
      await mine
    },
    close: async () => await file.close(),
  }
}
