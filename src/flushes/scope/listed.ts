import { createHmac } from 'node:crypto'
import { decode, findSecret } from '../../stores/secret-data.ts'
import type { Flush } from '../flush.ts'
import type { FlushRuntime } from '../runtime.ts'

/** What a scope lists, or why it cannot be had. */
export type Listed =
  { readonly entries: readonly string[]; readonly problem?: undefined } | { readonly problem: string }

/** Most bytes of an entry: keys and names are far shorter. */
const maxEntryBytes = 4096

/** Reads a list from a Secret of the flush's namespace, one entry in each line. What it says is never repeated. */
export const readListed = async (
  runtime: FlushRuntime,
  flush: Flush,
  { name, key }: { readonly name: string; readonly key: string },
  signal: AbortSignal,
): Promise<Listed> => {
  const secret = await findSecret(runtime, flush.store, name, { signal })
  const again = 'and create the flush again'
  if (!secret) return { problem: `Secret ${name} is not there. Create it ${again}` }
  if (secret.data?.[key] === undefined) return { problem: `Secret ${name} has no key ${key}. Add it ${again}` }
  const lines = decode(secret, key).split(/\r?\n/)
  const entries = [...new Set(lines.map((line) => line.trim()).filter((line) => line !== ''))]
  if (entries.length === 0)
    return { problem: `Secret ${name} has nothing under ${key}. Write one in each line ${again}` }
  const long = lines.findIndex((line) => Buffer.byteLength(line) > maxEntryBytes)
  if (long !== -1)
    return {
      problem: `Secret ${name}, key ${key}: line ${long + 1} has more than ${maxEntryBytes} bytes. Correct it ${again}`,
    }
  return { entries }
}

/** Binds a flush to a list, and to where it is looked for, without saying what is in it: names of people are few enough to be guessed, so the hash has a key. */
export const fingerprint = (
  { masterKey }: FlushRuntime,
  flush: Flush,
  entries: readonly string[],
  path: readonly string[],
): string =>
  createHmac('sha256', masterKey)
    .update(`sessionstore.dev/scope/${flush.uid}/${JSON.stringify([entries, path])}`)
    .digest('hex')
