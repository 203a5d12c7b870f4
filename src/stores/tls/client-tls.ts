import type { ReadSessionStore } from '../../api/resources.ts'
import type { StoreRuntime } from '../runtime.ts'
import type { KeyPair } from './authority.ts'
import { clientCertificate, signerOf } from './managed.ts'
import { wantsTls } from './speaks-tls.ts'
import { readTlsSecret } from './tls-secret.ts'

/** What a client needs to speak TLS. */
export interface ClientTls {
  /** Whom to trust, PEM. */
  readonly authorities: string
  /** The certificate to show, given the one of before; undefined where the operator makes none. */
  readonly certificate: (client: string, before: KeyPair | undefined) => KeyPair | undefined
}

/** What applications are told of TLS; undefined when they are told of none, which is so until every server speaks it. */
export const readClientTls = async (
  runtime: Pick<StoreRuntime, 'client' | 'clock' | 'masterKey' | 'previousMasterKey'>,
  store: ReadSessionStore,
  call: { readonly signal?: AbortSignal },
): Promise<ClientTls | undefined> => {
  if (!wantsTls(store)) return undefined
  const secret = await readTlsSecret(runtime, store, call)
  if (!secret?.material || secret.state?.published !== true) return undefined
  const { material, state } = secret
  const makes = store.spec.tls.mode === 'Managed' && store.spec.tls.clientCertificates !== 'None'
  const authority = makes ? signerOf(runtime, store, state.authority ?? 1, material) : undefined
  return {
    authorities: material.authorities.join(''),
    certificate: (client, before) =>
      authority && clientCertificate(store, authority, client, before, runtime.clock.now()),
  }
}
