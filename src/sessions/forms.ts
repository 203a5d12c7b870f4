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
