import { createReadStream } from 'node:fs'
import type { KeyObject } from 'node:crypto'
import type { Readable } from 'node:stream'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { ExportedRecord } from './exported-record.ts'
import { readPublicKey } from './public-key.ts'
import { readExport } from './read-export.ts'
import { describe, warnings } from './verify-report.ts'
import { verifyRecords, type Head } from './verify.ts'

/** Where the command reads and writes; the process's own unless a test says otherwise. */
export interface VerifyIo {
  readonly stdin: Readable
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
}

/** Larger files end the reading, before they fill the memory. */
const maxBytes = 512 * 1024 * 1024

interface Flags {
  readonly publicKey: readonly string[]
  readonly stream?: string
  readonly namespace?: string
  readonly head?: Head
  readonly output: 'text' | 'json'
}

class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * Runs `verify` with the arguments of a process (the first two are skipped). Resolves to its exit code: 0 when every record holds, 1 when one
 * does not, 2 when the arguments or the files cannot be read. Never throws for what the user gave.
 */
export const runVerify = async (argv: readonly string[], io: VerifyIo = process): Promise<number> => {
  const command = createCommand(io)
  try {
    command.parse(argv)
    return await verify(command.args[0] ?? '-', command.opts<Flags>(), io)
  } catch (error) {
    // Commander has written its own sentence.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof UsageError)) throw error
    io.stderr.write(`error: ${error.message}\n`)
    return 2
  }
}

const createCommand = (io: VerifyIo): Command =>
  new Command('verify')
    .description('Verifies AuditRecords without a cluster: every hash, signature and link, and what is missing.')
    .argument('<export>', 'AuditRecords as kubectl prints them (-o json or yaml), or the stream; - for standard input')
    .addOption(
      new Option('--public-key <file>', 'PEM, or the ConfigMap as kubectl prints it; again for keys used before')
        .argParser((path: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), path])
        .makeOptionMandatory(),
    )
    .option('--stream <file>', "the operator's JSON-lines stream, other log lines among it or not")
    .option('-n, --namespace <namespace>', 'that was exported: take from the stream this one only')
    .addOption(new Option('--head <[storeUid:]sequence:hash>', 'a head written down earlier').argParser(readHead))
    .addOption(new Option('-o, --output <format>').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExits with 0 when all records hold, 1 when one does not, 2 when it could not read them.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })

const readHead = (text: string): Head => {
  const [, storeUid, digits, hash] = /^(?:(.+):)?([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? []
  if (digits === undefined || hash === undefined)
    throw new InvalidArgumentError('Wanted sequence:hash or storeUid:sequence:hash, the hash in 64 hex digits.')
  return { sequence: Number(digits), hash, ...(storeUid !== undefined && { storeUid }) }
}

const verify = async (path: string, flags: Flags, io: VerifyIo): Promise<number> => {
  const inputs = [path, ...flags.publicKey, ...(flags.stream === undefined ? [] : [flags.stream])]
  if (inputs.filter((input) => input === '-').length > 1)
    throw new UsageError('only one of the files can be standard input')
  const keys: KeyObject[] = []
  for (const file of flags.publicKey) keys.push(await readAs(file, io, readPublicKey))
  const records = await readAs(path, io, readExport)
  const stream = flags.stream === undefined ? undefined : await readAs(flags.stream, io, readExport)
  const verdict = verifyRecords(records, keys, {
    ...(flags.head && { head: flags.head }),
    ...(stream && { stream: stream.filter((record) => isOf(record, flags.namespace)) }),
  })
  io.stdout.write(
    flags.output === 'text'
      ? describe(verdict)
      : `${JSON.stringify(verdict.ok ? { ...verdict, warnings: warnings(verdict.stores) } : verdict, null, 2)}\n`,
  )
  return verdict.ok ? 0 : 1
}

// A broken line does not say whose it is: it stays.
const isOf = (item: ExportedRecord, namespace: string | undefined): boolean =>
  namespace === undefined || !('record' in item) || item.record.entry.namespace === namespace

const readAs = async <T>(path: string, io: VerifyIo, read: (text: string) => T): Promise<T> => {
  const name = path === '-' ? 'standard input' : path
  try {
    return read(await readText(path === '-' ? io.stdin : createReadStream(path)))
  } catch (error) {
    throw new UsageError(`${name}: ${error instanceof Error ? error.message : 'cannot be read'}`, { cause: error })
  }
}

const readText = async (input: Readable): Promise<string> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of input) {
    const buffer = Buffer.from(chunk as Buffer | string)
    bytes += buffer.length
    if (bytes > maxBytes) throw new Error(`larger than ${maxBytes / 1024 / 1024} MiB: export one namespace at a time`)
    chunks.push(buffer)
  }
  // Fatal: bytes that are not UTF-8 would all become the same character, and a change among them would not show.
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
}
