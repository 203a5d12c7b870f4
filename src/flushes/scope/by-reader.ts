import { setImmediate } from 'node:timers/promises'
import { keepUp } from '../../redis/keep-up.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import { readPayloads, type PayloadOptions, type StoredPayload } from '../../redis/read-payloads.ts'
import { visitKeys, type Visit } from '../../redis/visit-keys.ts'
import { ownerAt } from '../../sessions/owner.ts'
import { maxPayloadBytes, Undecodable, type PayloadReader } from '../../sessions/readers/value.ts'
import type { Selection } from './selection.ts'

export interface ByReaderOptions {
  readonly keyPrefix: string
  readonly read: PayloadReader
  /** The field of a hash that holds the payload; undefined: the key is the payload. */
  readonly field: string | undefined
  readonly path: readonly string[]
  readonly owners: ReadonlySet<string>
  /** Sessions that cannot be read match as well. */
  readonly takeUndecodable: boolean
  /** Which sessions are read; default all of them. */
  readonly pages?: (
    connection: RedisConnection,
    options: Pick<PayloadOptions, 'signal' | 'timeoutMs' | 'keysPerSecond'>,
  ) => AsyncGenerator<readonly StoredPayload[], void>
}

/** How long payloads are read in one go, in ms: one that somebody made for it takes a tenth of a second, and meanwhile the lease is to be renewed. */
const heldMs = 10

/** A selection of sessions whose owner only a reader of ours can find: their payloads come here, and names go back. */
export const byReader = ({ keyPrefix, field, owners, pages, ...rest }: ByReaderOptions): Selection => ({
  method: 'ScanAndUnlink',
  visit: async (connection, act, { onPage, keysPerSecond, replicas, ...call } = {}) => {
    const inReach = keepUp(connection, act === 'count' ? call : { replicas, ...call })
    let sum: Visit = { examined: 0, matched: 0, undecodable: 0 }
    const all = () => readPayloads(connection, keyPrefix, { ...call, keysPerSecond, field, maxBytes: maxPayloadBytes })
    for await (const page of pages?.(connection, { ...call, keysPerSecond }) ?? all()) {
      const judged: { readonly key: Buffer; readonly owner: string | undefined }[] = []
      let heldSinceMs = performance.now()
      for (const { key, payload } of page) {
        judged.push({ key, owner: payload && ownerOf(payload, rest) })
        if (performance.now() - heldSinceMs < heldMs) continue
        await setImmediate()
        heldSinceMs = performance.now()
      }
      const names = judged.filter(({ owner }) => (owner === undefined ? rest.takeUndecodable : owners.has(owner)))
      const { matched } = await visitKeys(connection, { by: 'names', names: names.map(({ key }) => key) }, act, call)
      sum = {
        examined: sum.examined + page.length,
        matched: sum.matched + matched,
        undecodable: sum.undecodable + judged.filter(({ owner }) => owner === undefined).length,
      }
      onPage?.(sum)
      await inReach(sum.matched)
    }
    return sum
  },
})

/** Whose a session is, empty for nobody's; undefined when that cannot be read. */
const ownerOf = (payload: Uint8Array, { read, path }: Pick<ByReaderOptions, 'read' | 'path'>): string | undefined => {
  try {
    return ownerAt(read(payload), path)
  } catch (error) {
    if (error instanceof Undecodable) return undefined
    throw error
  }
}
