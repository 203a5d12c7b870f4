import { apiVersion, auditRecords, group, type AuditRecordObject } from '../api/resources.ts'
import { next, seal } from '../audit/chain.ts'
import type { AuditEntry, SignedRecord } from '../audit/record.ts'
import { nameOf } from '../audit/record-name.ts'
import type { Signer } from '../audit/signature.ts'
import type { AuditSink } from '../audit/sink.ts'
import type { Client } from '../kubernetes/client.ts'
import type { Clock } from '../kubernetes/clock.ts'
import { isApiError } from '../kubernetes/errors.ts'
import type { Logger } from '../kubernetes/logger.ts'

const storeUidLabel = `${group}/store-uid`
const subjectUidLabel = `${group}/subject-uid`
const typeLabel = `${group}/type`

/** Two writers may race for one place in the chain; the loser reads again. More losses than this mean something else is wrong. */
const maxAttempts = 8

/** What a caller says of an act; its place in the chain, its time and its signature are added here. */
export type Act = Pick<
  AuditEntry,
  'storeUid' | 'storeName' | 'namespace' | 'type' | 'subject' | 'requestedBy' | 'reason' | 'details'
> &
  Partial<Pick<AuditEntry, 'reference'>>

export interface AuditLogOptions {
  readonly client: Client
  readonly clock: Clock
  readonly signer: Signer
  readonly sink: AuditSink
  readonly log: Logger
}

/** The chain of AuditRecords, one per store UID. */
export class AuditLog {
  readonly #options: AuditLogOptions
  /** Records of stores whose namespace is being deleted: no object holds them, and the chain goes on from them all the same. */
  readonly #unstored = new Map<string, readonly SignedRecord[]>()

  constructor(options: AuditLogOptions) {
    this.#options = options
  }

  /**
   * Records an act once: when this subject has a record of this type already, and `isSame` takes it for this act's (this process, or the one before
   * it, was interrupted after writing it), that one is returned. The record is in the API server, and its line in the stream, when this resolves. In a namespace
   * that is being deleted no object can be made: then the line alone is written.
   */
  async record(
    act: Act,
    signal: AbortSignal,
    isSame: (entry: AuditEntry) => boolean = () => true,
  ): Promise<SignedRecord> {
    for (let attempt = 1; ; attempt += 1) {
      const records = await this.#recordsOf(act, signal)
      const earlier = records.find(
        ({ entry }) => entry.type === act.type && entry.subject.uid === act.subject.uid && isSame(entry),
      )
      if (earlier) return await this.#stream(earlier)
      const last = records.reduce<SignedRecord | undefined>(
        (newest, record) => (newest && newest.entry.sequence >= record.entry.sequence ? newest : record),
        undefined,
      )
      const time = this.#options.clock.now().toISOString()
      const record = seal(next(last, { ...act, time }), this.#options.signer)
      try {
        await this.#options.client.create(auditRecords, toObject(record), { signal })
        return await this.#stream(record)
      } catch (error) {
        if (isApiError(error, 'forbidden') && error.message.includes('being terminated')) {
          this.#unstored.set(act.storeUid, [...(this.#unstored.get(act.storeUid) ?? []), record])
          return await this.#stream(record)
        }
        if (!isApiError(error, 'exists') || attempt === maxAttempts) throw error
        this.#options.log.debug({ attempt }, 'Another record took this place in the chain; reading it again')
      }
    }
  }

  async #recordsOf(act: Act, signal: AbortSignal): Promise<readonly SignedRecord[]> {
    const { client } = this.#options
    const labelSelector = `${storeUidLabel}=${act.storeUid}`
    const objects = await client.list(auditRecords, { namespace: act.namespace, labelSelector, signal })
    return [...objects.map(({ spec }) => spec), ...(this.#unstored.get(act.storeUid) ?? [])]
  }

  /** A line may be written twice when we were interrupted between the object and the line; a reader knows the same record again. */
  async #stream(record: SignedRecord): Promise<SignedRecord> {
    await this.#options.sink.write(record)
    return record
  }
}

/** The name says the place, so the API server itself lets one writer have it. */
const toObject = (record: SignedRecord): AuditRecordObject => ({
  apiVersion,
  kind: 'AuditRecord',
  metadata: {
    name: nameOf(record.entry.storeUid, record.entry.sequence),
    namespace: record.entry.namespace,
    labels: {
      [storeUidLabel]: record.entry.storeUid,
      [subjectUidLabel]: record.entry.subject.uid,
      [typeLabel]: record.entry.type,
    },
  },
  spec: record,
})
