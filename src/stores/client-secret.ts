import type { ReadSessionStore } from '../api/resources.ts'
import { port, tlsPort } from '../redis/config.ts'
import { presetFor } from '../sessions/presets.ts'
import { primaryHost } from './names.ts'
import type { KeyPair } from './tls/authority.ts'

/** A client has two ACL users that take turns: while one is in use, the other can be given a new password. */
export type Turn = 'a' | 'b'

export const userName = (client: string, turn: Turn): string => `${client}-${turn}`

export const otherTurn = (turn: Turn): Turn => (turn === 'a' ? 'b' : 'a')

/** Whose turn it is, by the user that the client's Secret names; the first one's before there is a Secret. */
export const turnOf = (client: string, username: string): Turn => (username === userName(client, 'b') ? 'b' : 'a')

/** What a client logs in with. */
export interface ClientCredential {
  readonly turn: Turn
  readonly password: string
}

/** A password as read from a Secret, or undefined when it is none: empty, or with characters that no ACL or URL takes unharmed. */
export const passwordOf = (text: string): string | undefined => (/^[!-~]{8,512}$/.test(text) ? text : undefined)

/** A client's Secret in Service Binding form (https://servicebinding.io/spec), with the URL that its library accepts. */
export const clientSecretData = (
  store: ReadSessionStore,
  client: string,
  { turn, password }: ClientCredential,
  tls: { readonly authorities: string; readonly certificate: KeyPair | undefined } | undefined,
): Readonly<Record<string, string>> => {
  const preset = presetFor(store.spec.sessions)
  const binding = {
    scheme: tls ? ('rediss' as const) : ('redis' as const),
    host: primaryHost(store),
    port: tls ? tlsPort : port,
    username: userName(client, turn),
    password: encodeURIComponent(password),
    keyPrefix: store.spec.sessions.keyPrefix,
  }
  return {
    type: 'redis',
    provider: 'session-store-operator',
    host: binding.host,
    port: String(binding.port),
    username: binding.username,
    password,
    database: '0',
    'key-prefix': preset.libraryPrefix(binding.keyPrefix),
    uri: preset.uri(binding),
    ...(tls ? { 'ca.crt': tls.authorities } : {}),
    ...(tls?.certificate ? { 'tls.crt': tls.certificate.certificate, 'tls.key': tls.certificate.key } : {}),
  }
}
