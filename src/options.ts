import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { parse } from 'yaml'
import { defaultEngines, enginesSchema, type Engines } from './stores/engines.ts'

/** How the operator was started: flags, and what a pod knows of itself. */
export interface Options {
  /** Names the Lease, and before `-master-key`, `-audit-key` and `-audit-public-key` what the operator keeps in its namespace. */
  readonly name: string
  readonly operatorNamespace: string
  readonly namespaces: readonly string[] | 'all'
  /** Labels of the operator's own pods, for the NetworkPolicies that let it in. */
  readonly podLabels: Readonly<Record<string, string>>
  readonly engines: Engines
  /** Restart workloads that are labelled for it when their client gets a new password. */
  readonly restartWorkloads: boolean
  readonly healthPort: number
  readonly metricsPort: number
  /** File that the audit stream is appended to. */
  readonly auditLog: string
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  /** Names this process to people. */
  readonly identity: string
}

const list = (text: string): string[] => text.split(',').filter((part) => part !== '')

const namespaceList = (text: string): string[] => {
  const names = list(text)
  if (names.length === 0) throw new InvalidArgumentError('names no namespace')
  return names
}

const labelMap = (text: string): Record<string, string> =>
  Object.fromEntries(
    list(text).map((pair) => {
      const [key, value] = pair.split('=', 2)
      if (!key || value === undefined) throw new InvalidArgumentError(`"${pair}" is not key=value`)
      return [key, value]
    }),
  )

const portNumber = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new InvalidArgumentError('must be 0 to 65535')
  return value
}

const readEngines = (path: string): Engines => {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : 'cannot be read')
  }
  const parsed = enginesSchema.safeParse(parse(text))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new InvalidArgumentError(
    `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}; wanted {Redis: {"8.8": {image: …}}, Valkey: {…}}`,
  )
}

/** Reads flags and environment once. Ends the process with a sentence on stderr when they do not hold. */
export const readOptions = (argv: readonly string[]): Options => {
  const command = new Command('session-store-operator')
    .description('Runs private Redis for web sessions, and revokes sessions when it matters')
    .addOption(
      new Option('--name <name>', 'of the Lease and of the keys in its namespace').default('session-store-operator'),
    )
    .addOption(
      new Option('--operator-namespace <namespace>', 'where it runs and keeps its keys')
        .env('POD_NAMESPACE')
        .makeOptionMandatory(),
    )
    .addOption(new Option('--namespaces <a,b>', 'that it serves').argParser(namespaceList).conflicts('allNamespaces'))
    .addOption(new Option('--all-namespaces', 'serve every namespace'))
    .addOption(
      new Option('--pod-labels <k=v,…>', "of the operator's own pods")
        .argParser(labelMap)
        .default({ 'app.kubernetes.io/name': 'session-store-operator' }),
    )
    .addOption(
      new Option('--engines <file>', 'images by type and version')
        .argParser(readEngines)
        .default(defaultEngines, 'built in'),
    )
    .addOption(
      new Option('--restart-workloads', 'that are labelled for it, when their client gets a new password').default(
        false,
      ),
    )
    .addOption(new Option('--health-port <port>').argParser(portNumber).default(8081))
    .addOption(new Option('--metrics-port <port>').argParser(portNumber).default(8080))
    .addOption(
      new Option('--audit-log <file>', 'that signed records are appended to, a line each').default('/dev/stdout'),
    )
    .addOption(new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .addOption(new Option('--identity <name>', 'of this process').env('POD_NAME').default('operator'))
    .parse(argv)
  const flags = command.opts<Omit<Options, 'namespaces'> & { namespaces?: string[]; allNamespaces?: true }>()
  const { allNamespaces, namespaces, ...rest } = flags
  return { ...rest, namespaces: allNamespaces ? 'all' : (namespaces ?? [rest.operatorNamespace]) }
}
