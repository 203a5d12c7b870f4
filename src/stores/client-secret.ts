import type { ReadSessionStore } from '../api/resources.ts'
import { port } from '../redis/config.ts'
import { presetOf } from '../sessions/presets.ts'
import { primaryHost } from './names.ts'

/** The ACL user of a client. Rotation alternates two; this is the first. */
export const userName = (client: string): string => `${client}-a`

/** A password as read from a Secret, or undefined when it is none: empty, or with characters that no ACL or URL takes unharmed. */
export const passwordOf = (text: string): string | undefined => (/^[!-~]{8,512}$/.test(text) ? text : undefined)

/** A client's Secret in Service Binding form (https://servicebinding.io/spec), with the URL that its library accepts. */
export const clientSecretData = (
  store: ReadSessionStore,
  client: string,
  password: string,
): Readonly<Record<string, string>> => {
  const preset = presetOf(store.spec.sessions.client)
  const binding = {
    host: primaryHost(store),
    port,
    username: userName(client),
    password: encodeURIComponent(password),
    keyPrefix: store.spec.sessions.keyPrefix,
  }
  return {
    type: 'redis',
    provider: 'session-store-operator',
    host: binding.host,
    port: String(port),
    username: binding.username,
    password,
    database: '0',
    'key-prefix': preset.libraryPrefix(binding.keyPrefix),
    uri: preset.uri(binding),
  }
}
