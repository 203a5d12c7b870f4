import { KubeConfig } from '@kubernetes/client-node'
import { pino } from 'pino'
import { createOperator } from './operator.ts'
import { readOptions } from './options.ts'
import { version } from './version.ts'

const options = readOptions(process.argv)
// Logs go to stderr: stdout is the audit stream's.
const log = pino(
  {
    level: options.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // ioredis puts a failed command's arguments on its errors: passwords, keys, sessions.
    redact: ['*.command.args', 'err.command.args'],
  },
  pino.destination(2),
)
const kubeConfig = new KubeConfig()
kubeConfig.loadFromDefault()

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info({ signal }, 'stopping')
    stop.abort()
  })
}

log.info({ version, namespaces: options.namespaces }, 'starting')
try {
  // Of two that run, the API server's audit log then tells which one it was.
  const userAgent = `session-store-operator/${version} (${options.identity})`
  await createOperator(options, kubeConfig, log, userAgent).run(stop.signal)
  log.info({}, 'stopped')
  process.exit(0)
} catch (error) {
  log.fatal({ err: error }, 'the operator ends')
  process.exit(1)
}
