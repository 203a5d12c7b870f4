import { setImmediate } from 'node:timers/promises'
import { readPayloads } from '../../redis/read-payloads.ts'
import { visitKeys, type Visit } from '../../redis/visit-keys.ts'
import { isOpaqueAt, maxPayloadBytes, Undecodable, valueAt, type PayloadReader } from '../../sessions/readers/value.ts'
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
}

/** Numbers from here on are nobody's id: their digits take long to find. */
const tooLong = 2n ** 256n

/** A selection of sessions whose owner only a reader of ours can find: their payloads come here, and names go back. */
export const byReader = ({ keyPrefix, field, owners, ...rest }: ByReaderOptions): Selection => ({
  method: 'ScanAndUnlink',
  visit: async (connection, act, { onPage, ...call } = {}) => {
    let sum: Visit = { examined: 0, matched: 0, undecodable: 0 }
    for await (const page of readPayloads(connection, keyPrefix, { ...call, field, maxBytes: maxPayloadBytes })) {
      const judged: { readonly key: Buffer; readonly owner: string | undefined }[] = []
      for (const { key, payload } of page) {
        judged.push({ key, owner: payload && ownerOf(payload, rest) })
        // A payload that somebody made for it takes a tenth of a second: meanwhile the lease is to be renewed.
        await setImmediate()
      }
      const names = judged.filter(({ owner }) => (owner === undefined ? rest.takeUndecodable : owners.has(owner)))
      const { matched } = await visitKeys(connection, { by: 'names', names: names.map(({ key }) => key) }, act, call)
      sum = {
        examined: sum.examined + page.length,
        matched: sum.matched + matched,
        undecodable: sum.undecodable + judged.filter(({ owner }) => owner === undefined).length,
      }
      onPage?.(sum)
    }
    return sum
  },
})

/** Whose a session is, empty for nobody's; undefined when that cannot be read. */
const ownerOf = (payload: Uint8Array, { read, path }: Pick<ByReaderOptions, 'read' | 'path'>): string | undefined => {
  try {
    const session = read(payload)
    const owner = valueAt(session, path)
    if (typeof owner === 'string') return owner
    if (typeof owner === 'bigint') return owner > -tooLong && owner < tooLong ? String(owner) : ''
    if (owner === undefined && isOpaqueAt(session, path)) return undefined
    if (typeof owner !== 'number' || !Number.isInteger(owner)) return ''
    // Beyond 2^53 two ids would be one.
    return Number.isSafeInteger(owner) ? String(owner) : undefined
  } catch (error) {
    if (error instanceof Undecodable) return undefined
    throw error
  }
}
