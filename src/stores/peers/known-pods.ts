import type { Client } from '../../kubernetes/client.ts'
import type { Clock } from '../../kubernetes/clock.ts'
import { pods, type Pod } from '../../kubernetes/kinds.ts'

/** An address is looked up again after this time, in ms: it may be another pod's then. */
const keptMs = 120_000
/** Addresses held in memory; an older one is looked up again. */
const most = 10_000

/** Which pod has an address, as far as the operator may see pods. Remembers what it found for a while: connections are looked at each half minute. */
export class KnownPods {
  readonly #clock: Clock
  readonly #namespaces: readonly string[] | 'all'
  readonly #found = new Map<string, { readonly pod: Promise<Pod | undefined>; readonly atMs: number }>()

  /** `namespaces`: those in which the operator may see pods. */
  constructor(clock: Clock, namespaces: readonly string[] | 'all') {
    this.#clock = clock
    this.#namespaces = namespaces
  }

  /** The pod that has the address; undefined when there is none, or none that may be seen. With `fresh` it is not taken from memory. */
  async find(client: Client, address: string, signal: AbortSignal, { fresh = false } = {}): Promise<Pod | undefined> {
    const known = this.#found.get(address)
    const nowMs = this.#clock.monotonicMs()
    if (known && !fresh && nowMs - known.atMs < keptMs) return await known.pod
    const entry = { pod: this.#lookUp(client, address, signal), atMs: nowMs }
    this.#found.delete(address)
    this.#found.set(address, entry)
    for (const oldest of this.#found.keys()) {
      if (this.#found.size <= most) break
      this.#found.delete(oldest)
    }
    try {
      return await entry.pod
    } catch (error) {
      if (this.#found.get(address) === entry) this.#found.delete(address)
      throw error
    }
  }

  async #lookUp(client: Client, address: string, signal: AbortSignal): Promise<Pod | undefined> {
    const options = { fieldSelector: `status.podIP=${address}`, signal }
    const scopes = this.#namespaces === 'all' ? [{}] : this.#namespaces.map((namespace) => ({ namespace }))
    const lists = await Promise.all(scopes.map((scope) => client.list(pods, { ...options, ...scope })))
    // One that has ended keeps its address in status, which another may have by now; a pod on the node's own network has the node's.
    return lists.flat().find(({ spec, status }) => status?.phase === 'Running' && spec?.hostNetwork !== true)
  }
}
