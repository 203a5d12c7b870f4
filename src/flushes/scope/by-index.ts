import type { RedisCallOptions, RedisConnection } from '../../redis/connection.ts'
import { readPayload, type StoredPayload } from '../../redis/read-payloads.ts'
import { readSet } from '../../redis/read-set.ts'
import type { Preset } from '../../sessions/preset.ts'
import { maxPayloadBytes } from '../../sessions/readers/value.ts'
import { byReader, type ByReaderOptions } from './by-reader.ts'
import type { Selection } from './selection.ts'

/** How many sessions are read at once. */
const pageSize = 100

export interface ByIndexOptions extends ByReaderOptions {
  readonly index: NonNullable<Preset['principalIndex']>
  readonly keysOfId: Preset['keysOfId']
}

/** A selection of sessions that the library's own index names. What it names is judged as any session is: it may be of the day before. */
export const byIndex = ({ index, keysOfId, ...reader }: ByIndexOptions): Selection => ({
  ...byReader({
    ...reader,
    pages: async function* (connection, { keysPerSecond: _all, ...options }) {
      const { keyPrefix, owners, field } = reader
      for (const owner of owners) {
        for await (const members of readSet(connection, `${keyPrefix}:${index.set(owner)}`, options)) {
          const ids = members.flatMap((member) => index.idOf(member) ?? [])
          const keys = ids.flatMap(keysOfId).map((key) => `${keyPrefix}:${key}`)
          for (let at = 0; at < keys.length; at += pageSize)
            yield await readAll(connection, keys.slice(at, at + pageSize), field, options)
        }
      }
    },
  }),
  method: 'ByIndex',
})

const readAll = async (
  connection: RedisConnection,
  keys: readonly string[],
  field: string | undefined,
  options: RedisCallOptions,
): Promise<readonly StoredPayload[]> => {
  const read = keys.map((key) =>
    readPayload(connection, Buffer.from(key), { ...options, field, maxBytes: maxPayloadBytes }),
  )
  return (await Promise.all(read)).flatMap((payload) => payload ?? [])
}

/** What the index names goes first, within milliseconds; then every session is looked at, since an index may have missed some. */
export const indexFirst = (index: Selection, scan: Selection): Selection => ({
  method: scan.method,
  visit: async (connection, act, options = {}) => {
    if (act === 'count') return await scan.visit(connection, act, options)
    // Those that cannot be read are counted by the scan.
    const { matched: before } = await index.visit(connection, act, options)
    const { onPage } = options
    const visit = await scan.visit(connection, act, {
      ...options,
      ...(onPage ? { onPage: (soFar) => onPage({ ...soFar, matched: before + soFar.matched }) } : {}),
    })
    return { ...visit, matched: before + visit.matched }
  },
})
