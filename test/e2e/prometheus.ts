import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { parse, stringify } from 'yaml'
import { freePorts } from '../cluster/free-ports.ts'
import { startRecorded, stopAll } from '../cluster/recorded-process.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { asInstalled } from '../integration/chart/as-installed.ts'
import { operatorNamespace } from './fixtures.ts'
import type { Objects } from './objects.ts'

const alerts = join(import.meta.dirname, '../../charts/session-store-operator/files/alerts')

/** The chart's alerts with their patience taken away: `for` and thresholds of time in seconds. Nothing else is changed. */
const hastyRules = () =>
  readdirSync(alerts).map((file) => {
    const rule = parse(asInstalled(readFileSync(join(alerts, file), 'utf8'))) as { expr: string }
    const expr = rule.expr.replace('> 600', '> 2').replace('> 1800', '> 2').replace('[15m]', '[20s]')
    return { ...rule, expr, for: '0s' }
  })

export interface Prometheus {
  /** Alerts that fire for an object of that name, sorted. */
  firing(namespace: string, name: string): Promise<readonly string[]>
  /** Values of an instant query, by their labels. */
  query(
    expression: string,
  ): Promise<readonly { readonly metric: Readonly<Record<string, string>>; readonly value: number }[]>
  stop(): Promise<void>
}

/** Starts a real Prometheus on loopback that scrapes the operator's pods each second, with the chart's alerts. */
export const startPrometheus = async (objects: Objects): Promise<Prometheus> => {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'))
  const pods = await objects.list('pods', operatorNamespace, '-l', 'app.kubernetes.io/name=session-store-operator')
  const targets = pods.map(({ status }) => `${(status as { podIP: string }).podIP}:8080`)
  writeFileSync(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'alerts', rules: hastyRules() }] }))
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [join(folder, 'rules.yaml')],
    // As the Prometheus Operator makes of the chart's PodMonitor: each target has its pod's namespace, and ours go before it.
    scrape_configs: [
      {
        job_name: 'operator',
        honor_labels: true,
        static_configs: [{ targets, labels: { namespace: operatorNamespace } }],
      },
    ],
  }
  writeFileSync(join(folder, 'prometheus.yaml'), stringify(config))
  const [port = 0] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const server = startRecorded(folder, 'prometheus', [
    'setpriv',
    '--pdeathsig',
    'KILL',
    'prometheus',
    `--config.file=${join(folder, 'prometheus.yaml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ])
  const get = async (path: string): Promise<unknown> => {
    const { body } = await request(`${url}${path}`)
    return ((await body.json()) as { data: unknown }).data
  }
  const query: Prometheus['query'] = async (expression) => {
    const data = await get(`/api/v1/query?query=${encodeURIComponent(expression)}`)
    const { result } = data as {
      result: readonly { metric: Record<string, string>; value: readonly [number, string] }[]
    }
    return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }))
  }
  await waitUntil(
    'Prometheus has scraped the leader',
    async () => (await query('leader_election_master_status == 1')).length > 0,
    {
      timeoutMs: 30_000,
    },
  )
  return {
    query,
    firing: async (namespace, name) => {
      const { alerts: all } = (await get('/api/v1/alerts')) as {
        alerts: readonly { state: string; labels: Readonly<Record<string, string>> }[]
      }
      return all
        .filter(
          ({ state, labels }) => state === 'firing' && labels['namespace'] === namespace && labels['name'] === name,
        )
        .map(({ labels }) => labels['alertname'] ?? '')
        .toSorted()
    },
    stop: async () => {
      await stopAll([server], 2000)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
