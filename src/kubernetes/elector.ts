import type { Client } from './client.ts'
import type { Clock } from './clock.ts'
import { isApiError, LeaseLostError } from './errors.ts'
import { errorFields, type Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import type { KubernetesObject, ObjectName, Resource } from './objects.ts'

export interface Lease extends KubernetesObject {
  readonly spec?: {
    readonly holderIdentity?: string
    readonly leaseDurationSeconds?: number
    readonly acquireTime?: string
    readonly renewTime?: string
    readonly leaseTransitions?: number
  }
}

export const leases: Resource<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
}

export interface ElectorOptions {
  /** Without a guard: it writes the very lease that the guard asks for. */
  readonly client: Client
  readonly lease: Required<ObjectName>
  /** Of this process alone, such as pod name and a random part: a restarted pod is another candidate. */
  readonly identity: string
  readonly clock: Clock
  readonly log: Logger
  readonly metrics?: Metrics
  readonly random?: () => number
  /** Others wait this long after the last renewal that they saw, in ms. Default 15,000 (client-go). */
  readonly leaseDurationMs?: number
  /** We stop leading this long after the start of our last renewal, in ms. Default 10,000 (client-go). */
  readonly renewDeadlineMs?: number
  /** Between tries, in ms. Default 2,000 (client-go). */
  readonly retryPeriodMs?: number
}

/** Candidates wait up to 2.2 retry periods, so that they do not all try at once (client-go's JitterFactor). */
const jitterFactor = 1.2

type State = 'candidate' | 'leading' | 'lost' | 'released'

/**
 * Elects one process by a Lease, by client-go's rules. Time is only ever measured by our own monotonic clock: how long
 * ago *we saw* the other's last renewal, how long ago *we began* our own. So neither skewed clocks nor a process that was
 * stopped for a minute can make two leaders. A lost lease never comes back: the process has to end.
 */
export class Elector {
  readonly #options: ElectorOptions
  readonly #lost = new AbortController()
  #state: State = 'candidate'
  #held: Lease | undefined
  #deadlineMs = -Infinity
  #observed: { readonly version: string | undefined; readonly atMs: number } | undefined
  #cancelDeadline: () => void = () => undefined

  constructor(options: ElectorOptions) {
    this.#options = options
  }

  /** Aborts, with a {@link LeaseLostError}, when we led and do not any more. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** True only while no other process can have taken over, by the clock and not by what was last heard. */
  isLeading(): boolean {
    if (this.#state !== 'leading') return false
    if (this.#options.clock.monotonicMs() < this.#deadlineMs) return true
    this.#lose('it was not renewed in time')
    return false
  }

  /** Throws `LeaseLostError` unless we lead. */
  guard(): void {
    if (!this.isLeading()) throw new LeaseLostError(`${this.#options.identity} does not hold ${this.#name}`)
  }

  /**
   * Reads the lease from the API server and throws `LeaseLostError` unless it is still the very term that we hold. An
   * `ApiError` says that it could not be read, and so nothing.
   */
  async confirm(): Promise<void> {
    this.guard()
    const { client, lease, identity } = this.#options
    const found = await client.get(leases, lease).catch((error: unknown) => {
      if (isApiError(error, 'notFound')) return undefined
      throw error
    })
    const transitions = this.#held?.spec?.leaseTransitions
    if (found?.spec?.holderIdentity !== identity || found.spec.leaseTransitions !== transitions) {
      this.#lose(`${found?.spec?.holderIdentity ?? 'nobody'} holds it`)
    }
    this.guard()
  }

  /** Resolves once we lead; rejects with the signal's reason. */
  async acquire(signal: AbortSignal): Promise<void> {
    const { clock, log, random = Math.random, retryPeriodMs = 2000 } = this.#options
    while (!(await this.#try(signal))) {
      signal.throwIfAborted()
      await clock.sleep(retryPeriodMs * (1 + random() * jitterFactor), signal)
    }
    signal.throwIfAborted()
    log.info({ lease: this.#name, identity: this.#options.identity }, 'leading')
  }

  /** Renews until the signal aborts or the lease is lost; never rejects. */
  async renew(signal: AbortSignal): Promise<void> {
    const { clock, retryPeriodMs = 2000 } = this.#options
    while (!signal.aborted && this.isLeading()) {
      await clock.sleep(retryPeriodMs, signal).catch(() => undefined)
      if (!signal.aborted && this.isLeading()) await this.#try(signal)
    }
  }

  /** Gives the lease up, so that the next leader need not wait. Only after the last write of ours has been answered. */
  async release(): Promise<void> {
    const { client, clock, identity, log } = this.#options
    const held = this.#held
    const leads = this.isLeading()
    this.#cancelDeadline()
    if (!leads || !held) return
    this.#state = 'released'
    this.#report()
    try {
      const { leaseTransitions = 0 } = held.spec ?? {}
      const now = microTime(clock.now())
      // as client-go does: no holder, and a duration of one second for those that look at nothing else
      const spec = { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaseTransitions }
      await client.replace(leases, { ...held, spec }, { timeoutMs: 5000 })
      log.info({ lease: this.#name, identity }, 'released the lease')
    } catch (error) {
      log.warn({ lease: this.#name, ...errorFields(error) }, 'could not release the lease; it will run out')
    }
  }

  get #name(): string {
    return `the lease ${this.#options.lease.namespace}/${this.#options.lease.name}`
  }

  /** Takes or renews the lease; false when that is not possible now. */
  async #try(signal: AbortSignal): Promise<boolean> {
    const { client, clock, identity, lease, log } = this.#options
    const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2000 } = this.#options
    const call = { signal, timeoutMs: Math.max(retryPeriodMs, renewDeadlineMs / 3) }
    try {
      const current = this.#held ?? (await this.#read(call))
      const startedMs = clock.monotonicMs()
      const holder = current?.spec?.holderIdentity ?? ''
      if (current && holder !== '' && holder !== identity && !this.#hasExpired(current)) return false
      const now = microTime(clock.now())
      const ours = holder === identity
      const { acquireTime, leaseTransitions = 0 } = current?.spec ?? {}
      const spec = {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
        acquireTime: ours ? (acquireTime ?? now) : now,
        renewTime: now,
        leaseTransitions: ours || !current ? leaseTransitions : leaseTransitions + 1,
      }
      const written = current
        ? await client.replace(leases, { ...current, spec }, call)
        : await client.create(
            leases,
            { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...lease }, spec },
            call,
          )
      this.#hold(written, startedMs + renewDeadlineMs)
      return this.#state === 'leading'
    } catch (error) {
      if (signal.aborted) return false
      log.debug({ lease: this.#name, ...errorFields(error) }, 'could not take or renew the lease')
      // the next try must look at what is there, and not take our own lost answer for another's term
      if (this.#held && isApiError(error, 'conflict', 'notFound')) await this.#resync(call)
      return false
    }
  }

  #read(call: { readonly signal: AbortSignal; readonly timeoutMs: number }): Promise<Lease | undefined> {
    return this.#options.client.get(leases, this.#options.lease, call).catch((error: unknown) => {
      if (isApiError(error, 'notFound')) return undefined
      throw error
    })
  }

  /** After a conflict: somebody else wrote the lease. Still our term means that only an answer was lost. */
  async #resync(call: { readonly signal: AbortSignal; readonly timeoutMs: number }): Promise<void> {
    const { identity, log } = this.#options
    try {
      const found = await this.#read(call)
      const sameTerm =
        found?.spec?.holderIdentity === identity && found.spec.leaseTransitions === this.#held?.spec?.leaseTransitions
      if (found && sameTerm) this.#held = found
      else this.#lose(`${found?.spec?.holderIdentity ?? 'nobody'} holds it`)
    } catch (error) {
      log.debug({ lease: this.#name, ...errorFields(error) }, 'could not read the lease')
    }
  }

  /** The lease has not changed for its whole duration while we watched. */
  #hasExpired(current: Lease): boolean {
    const now = this.#options.clock.monotonicMs()
    const version = current.metadata.resourceVersion
    if (this.#observed?.version !== version) this.#observed = { version, atMs: now }
    const durationMs = (current.spec?.leaseDurationSeconds ?? 15) * 1000
    return now >= (this.#observed?.atMs ?? now) + durationMs
  }

  #hold(written: Lease, deadlineMs: number): void {
    const { clock } = this.#options
    // a renewal that was acknowledged after our deadline does not revive a leader that others may think gone
    if (this.#state === 'leading' && !this.isLeading()) return
    if (this.#state !== 'candidate' && this.#state !== 'leading') return
    if (clock.monotonicMs() >= deadlineMs) return
    this.#held = written
    this.#deadlineMs = deadlineMs
    this.#state = 'leading'
    this.#report()
    this.#cancelDeadline()
    this.#cancelDeadline = clock.after(deadlineMs - clock.monotonicMs(), () => void this.isLeading())
  }

  #lose(why: string): void {
    if (this.#state !== 'leading') return
    this.#state = 'lost'
    this.#cancelDeadline()
    this.#report()
    this.#options.log.error({ lease: this.#name, why }, 'lost the lease')
    this.#lost.abort(new LeaseLostError(`lost ${this.#name}: ${why}`))
  }

  #report(): void {
    const name = this.#options.lease.name
    this.#options.metrics?.leader.set({ name }, this.#state === 'leading' ? 1 : 0)
  }
}

/** `metav1.MicroTime`: six digits, which a JavaScript date does not have. */
export const microTime = (time: Date): string => time.toISOString().replace('Z', '000Z')
