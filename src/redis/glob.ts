/** A text as a glob that matches it and nothing else. */
const escapeGlob = (text: string): string => text.replaceAll(/[\\*?[\]]/g, (character) => `\\${character}`)

/** A glob of every key under a prefix. */
export const under = (keyPrefix: string): string => `${escapeGlob(keyPrefix)}:*`

/** A pattern after a prefix, as Lua matches it: `*` is any text, and nothing else has a meaning. */
export const luaPattern = (keyPrefix: string, pattern: string): string =>
  `^${`${keyPrefix}:${pattern}`.replaceAll(/[^A-Za-z0-9*]/g, (character) => `%${character}`).replaceAll('*', '.*')}$`
