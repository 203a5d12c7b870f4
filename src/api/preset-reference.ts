import type { Preset } from '../sessions/preset.ts'

const example = {
  scheme: 'redis',
  host: 'web.shop.svc',
  port: 6379,
  username: 'web-a',
  password: '…',
  keyPrefix: 'shop:session',
} as const

/** A server that knows all that a preset may ask for. */
const newest = { major: 8, minor: 8 } as const

const code = (text: string): string => `\`${text}\``

const pathOf = ({ principalPath }: Preset): string =>
  principalPath
    ? `by ${code(JSON.stringify(principalPath))}, unless \`spec.sessions.principalPath\` says another`
    : 'when `spec.sessions.principalPath` says where it stands'

const section = (preset: Preset): readonly string[] => [
  `## ${preset.name}`,
  '',
  `${preset.library}.`,
  '',
  '| | |',
  '|---|---|',
  ...Object.entries({
    'Keys in Redis': preset.keys.map(code).join('<br>'),
    'Written as': preset.payload,
    'Whose it is': preset.principal,
    'Flush of `principals`': pathOf(preset),
    "The library's time to live": preset.lifetime,
    'Sessions without an end': preset.immortalRemedy,
    ...(preset.endless
      ? { 'Rightly without an end': preset.endless.map((each) => code(`<prefix>:${each}`)).join(', ') }
      : {}),
    'A deleted session is written back by': preset.revives,
    'While a flush holds writes back': preset.fenceCost,
    'Not covered by a flush': preset.notCovered.join('<br>'),
    [code('uri')]: code(preset.uri(example)),
    [code('key-prefix')]: code(preset.libraryPrefix(example.keyPrefix)),
    ...(preset.setUp === undefined ? {} : { 'To set up': preset.setUp }),
    Commands: preset
      .commands(newest)
      .map((rule) => code(rule.slice(1)))
      .join(' '),
    ...(preset.channels ? { Channels: preset.channels(example.keyPrefix).map(code).join(' ') } : {}),
  }).map(([name, value]) => `| ${name} | ${value.replaceAll('|', '\\|')} |`),
  '',
]

/** What each preset knows, in Markdown. */
export const presetReference = (presets: readonly Preset[]): string =>
  `${[
    '# Presets',
    '',
    'Generated from `src/sessions/presets` by `npm run generate`. A preset is what `spec.sessions.client` names: what the library may do in Redis, and what is known of it. Each was run against',
    'Redis and Valkey with exactly these rights (`make clients` prints what it did). Prefix and URL are those of a store with `keyPrefix: shop:session`.',
    '',
    'A library that is not here: `client: Custom`, with `custom.commands`, the commands that it needs on login, read, change and logout. It may be given commands on keys that they name, and none that shows',
    'keys of others or runs scripts. What it asks for and may not is `NOPERM` in its own log.',
    '',
    ...presets.flatMap(section),
  ]
    .join('\n')
    .trimEnd()}\n`
