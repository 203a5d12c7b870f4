import type { Client } from '../../src/kubernetes/client.ts'
import type { Lease } from '../../src/kubernetes/elector.ts'
import { ApiError } from '../../src/kubernetes/errors.ts'

/** Holds one Lease as the API server would: versions, conflicts, and failures on demand. */
export class LeaseServer {
  lease: Lease | undefined
  /** Holder identities as they were written. */
  readonly writes: string[] = []
  /** When set, every call fails with it; `lostAnswer` stores the write first. */
  failure: 'refused' | 'lostAnswer' | undefined
  /** Called when a write arrives, before it is looked at. */
  onWrite: () => Promise<void> = () => Promise.resolve()
  #version = 0

  client(): Client {
    const unsupported = () => Promise.reject(new Error('a lease server only gets, creates and replaces'))
    return {
      get: <T>() => {
        if (this.failure !== undefined) return Promise.reject(away())
        if (!this.lease) return Promise.reject(new ApiError('no lease', { kind: 'notFound', status: 404 }))
        return Promise.resolve(this.lease as unknown as T)
      },
      create: <T>(_resource: unknown, object: unknown) => this.#write<T>(object as Lease, undefined),
      replace: <T>(_resource: unknown, object: unknown) =>
        this.#write<T>(object as Lease, (object as Lease).metadata.resourceVersion),
      apply: unsupported,
      list: unsupported,
      patch: unsupported,
      delete: unsupported,
    }
  }

  async #write<T>(object: Lease, expected: string | undefined): Promise<T> {
    await this.onWrite()
    if (this.failure === 'refused') throw away()
    if (this.lease?.metadata.resourceVersion !== expected) {
      throw new ApiError('newer', { kind: expected === undefined ? 'exists' : 'conflict', status: 409 })
    }
    this.#version += 1
    this.lease = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } }
    this.writes.push(object.spec?.holderIdentity ?? '')
    if (this.failure === 'lostAnswer') throw away()
    return this.lease as unknown as T
  }
}

const away = () => new ApiError('the API server is away', { kind: 'retryable', status: 0 })
