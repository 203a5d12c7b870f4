import type { X509Certificate } from 'node:crypto'
import type { ReadSessionStore } from '../../api/resources.ts'
import { operatorUser } from '../../redis/acl.ts'
import type { TlsPeer } from '../../redis/tls-peer.ts'
import { storeUid } from '../names.ts'
import type { StoreRuntime } from '../runtime.ts'
import { authorityOf, hasSigned, type KeyPair } from './authority.ts'
import { clientCertificate, signerOf } from './managed.ts'
import { leafOf } from './material.ts'
import { readTlsSecret, type TlsSecret } from './tls-secret.ts'

/** What a server has shown that it uses. */
export interface Loaded {
  readonly runId: string
  readonly version: string
  /** Serial number of its certificate, hex. */
  readonly serial: string
}

type Runtime = Pick<StoreRuntime, 'client' | 'clock' | 'masterKey' | 'previousMasterKey'>

const serverAuth = '1.3.6.1.5.5.7.3.1'

/** What this process remembers of certificates: those of each store, and which of them each server was seen with. */
export class Certificates {
  readonly #secrets = new Map<string, TlsSecret>()
  readonly #identities = new Map<string, KeyPair>()
  readonly #loaded = new Map<string, Loaded>()

  /** Called with what was read or written last. */
  remember(store: ReadSessionStore, secret: TlsSecret): void {
    this.#secrets.set(storeUid(store), secret)
  }

  /** How a store's servers are told from others: by certificates that they were given, or that its authority has signed for servers. */
  async peer(runtime: Runtime, store: ReadSessionStore, signal?: AbortSignal): Promise<TlsPeer> {
    const uid = storeUid(store)
    let secret = this.#secrets.get(uid)
    if (!secret) {
      secret = await readTlsSecret(runtime, store, signal ? { signal } : {})
      if (secret) this.#secrets.set(uid, secret)
    }
    const served = new Set(secret?.state?.served)
    if (secret?.material) served.add(leafOf(secret.material).fingerprint256)
    const generation = generationOf(store, secret)
    const authorities = [generation, generation - 1, generation + 1]
      .filter((each) => each > 0)
      .map((each) => authorityOf(runtime.masterKey, uid, each))
    const isOurs = (shown: X509Certificate) =>
      served.has(shown.fingerprint256) ||
      ((shown.keyUsage as readonly string[] | undefined)?.includes(serverAuth) === true &&
        authorities.some((authority) => hasSigned(authority, shown.toString())))
    return {
      accepts: (shown) => {
        const accepted = isOurs(shown)
        // Somebody else may have written another one since we read it: read it again before the next try.
        if (!accepted) this.#secrets.delete(uid)
        return accepted
      },
      identity: this.#identity(runtime, store, secret),
    }
  }

  /** What the operator shows to a server that asks for a certificate: one of its own, that is nowhere but here, or the servers' own. */
  #identity(runtime: Runtime, store: ReadSessionStore, secret: TlsSecret | undefined): KeyPair | undefined {
    if (store.spec.tls.clientCertificates === 'None') return undefined
    if (store.spec.tls.mode !== 'Managed') return secret?.material
    const uid = storeUid(store)
    const authority = signerOf(runtime, store, generationOf(store, secret), secret?.material)
    const before = this.#identities.get(uid)
    const pair = clientCertificate(store, authority, operatorUser, before, runtime.clock.now())
    this.#identities.set(uid, pair)
    return pair
  }

  noteLoaded(podUid: string, loaded: Loaded): void {
    this.#loaded.set(podUid, loaded)
  }

  /** What the server of this pod has shown since it started; undefined when it was not looked at. */
  loaded(podUid: string, runId: string): Loaded | undefined {
    const loaded = this.#loaded.get(podUid)
    return loaded?.runId === runId ? loaded : undefined
  }

  forget(podUid: string): void {
    this.#loaded.delete(podUid)
  }

  forgetStore(uid: string): void {
    this.#secrets.delete(uid)
    this.#identities.delete(uid)
  }
}

const generationOf = (store: ReadSessionStore, secret: TlsSecret | undefined): number =>
  secret?.state?.authority ?? store.status?.tls?.authority ?? 1
