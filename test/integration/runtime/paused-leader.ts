import { KubeConfig } from '@kubernetes/client-node'
import { errorFields, type Logger } from '../../../src/kubernetes/logger.ts'
import { configMaps } from '../../../src/kubernetes/kinds.ts'
import { Manager } from '../../../src/kubernetes/manager.ts'

/**
 * A small operator as a process of its own, for tests that stop and kill it: while it leads it writes its own name and a
 * counter into a config map, as fast as it can, from some workers.
 *   node paused-leader.ts KUBECONFIG NAMESPACE NAME WORKERS
 * Prints `leading` once it leads. Exits 0 after SIGTERM, 3 after a lost lease.
 */
const [kubeconfig = '', namespace = '', name = '', workers = ''] = process.argv.slice(2)
const kubeConfig = new KubeConfig()
kubeConfig.loadFromFile(kubeconfig)

const say = (text: string) => process.stdout.write(`${text}\n`)
const log: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields, message) => void say(`warn ${message} ${JSON.stringify(fields)}`),
  error: (fields, message) => void say(`error ${message} ${JSON.stringify(fields)}`),
  child: () => log,
}

const manager = new Manager({
  kubeConfig,
  namespaces: [namespace],
  identity: name,
  userAgent: name,
  log,
  leaderElection: { namespace, name: 'leader', leaseDurationMs: 5000, renewDeadlineMs: 3500, retryPeriodMs: 300 },
})

const work = async (worker: number, signal: AbortSignal): Promise<void> => {
  for (let count = 0; !signal.aborted; count += 1) {
    const data = { [`${name}-${worker}`]: String(count) }
    try {
      await manager.client.patch(configMaps, { namespace, name: 'log' }, { data })
    } catch (error) {
      if (!signal.aborted) say(`refused ${errorFields(error).error}`)
      if (!manager.isLeading()) return
    }
  }
}

manager.onLeading((signal) => {
  say('leading')
  for (let worker = 0; worker < Number(workers); worker += 1) void work(worker, signal)
})

const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
manager.run(stop.signal).then(
  () => process.exit(0),
  () => process.exit(3),
)
