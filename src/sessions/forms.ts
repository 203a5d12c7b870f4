import { createHash } from 'node:crypto'
import type { Binding, ServerVersion } from './preset.ts'

/** The URL that most libraries take: user and password before the host, the database as its path. */
export const plainUri = ({ scheme, host, port, username, password }: Binding): string =>
  `${scheme}://${username}:${password}@${host}:${port}/0`

/** For libraries that put a key together without a separator of their own. */
export const withColon = (keyPrefix: string): string => `${keyPrefix}:`

/** For libraries that put the separator in themselves. */
export const asItIs = (keyPrefix: string): string => keyPrefix

/** What a connection begins with, whatever the library. */
export const greeting = ['+auth', '+hello', '+ping', '+select|0', '+client|setname'] as const

/** By which newer drivers say what they are. Servers before 7.2 do not know it, and it would make the whole `ACL SETUSER` fail there. */
export const introduction = ({ major, minor }: ServerVersion): readonly string[] =>
  major > 7 || (major === 7 && minor >= 2) ? ['+client|setinfo'] : []

/** True of every library: what lies outside of the session is not ended with it. */
export const outsideTheSession = [
  'Tokens that the application keeps outside the session (a JWT, a remember-me cookie, OAuth refresh tokens) stay valid.',
  'A WebSocket or server-sent-events connection that was opened before goes on until the application closes it.',
] as const

/** For libraries whose cookie has the id as it is. */
export const plainId = (id: string): readonly string[] => [id]

/** For libraries that sign: `s:<id>.<signature>` or `<id>.<signature>`, as the browser sends it. An id may have a dot itself, so both are looked for. */
export const signedId = (cookie: string): readonly string[] => {
  const text = percentDecoded(cookie).replace(/^s:/, '')
  return [...new Set([text, text.replace(/\.[^.]*$/, '')])]
}

/** For Rack, which keeps sessions by the SHA-256 of their ids, and looks for older ones by the id itself. */
export const hashedId = (id: string): readonly string[] => [`2::${createHash('sha256').update(id).digest('hex')}`, id]

/** For libraries whose cookie has the id in base64. */
export const base64Id = (cookie: string): readonly string[] => {
  const text = Buffer.from(cookie, 'base64').toString('latin1')
  return /^[!-~]+$/.test(text) &&
    Buffer.from(text).toString('base64').replaceAll('=', '') === cookie.replaceAll('=', '')
    ? [text, cookie]
    : [cookie]
}

const percentDecoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
