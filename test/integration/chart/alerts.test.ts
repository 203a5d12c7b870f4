import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parse, stringify } from 'yaml'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../cluster/command.ts'
import { release } from './as-installed.ts'
import { chart } from './install.ts'
import { namesOf, only, render } from './rendered.ts'

const files = join(chart, 'files/alerts')
const names = readdirSync(files).map((file) => basename(file, '.yaml'))

let folder = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'alerts-'))
  const rule = only(
    await render('--set=prometheusRule.enabled=true', `--namespace=${release.namespace}`),
    'PrometheusRule',
  )
  writeFileSync(join(folder, 'rules.yaml'), stringify(rule.spec))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

interface Series {
  /** Without `namespace` and `name`, which are added. */
  readonly series: string
  /** In promtool's notation, a value a minute. */
  readonly values: string
}

const condition = (type: string, status: string, values: string): Series => ({
  series: `sessionstore_condition{type="${type}", status="${status}", reason="x"}`,
  values,
})

/** Who leads what: the metric is client-go's, and other components have it too. */
const leads = (pod: string, name: string, namespace: string): string =>
  `leader_election_master_status{pod="${pod}", name="${name}", namespace="${namespace}"}`

/** What makes each alert fire, how many minutes after the first sample it does so, and a series with which it does not. */
const cases: Readonly<
  Record<string, { readonly fires: readonly Series[]; readonly atMinute: number; readonly quiet: readonly Series[] }>
> = {
  SessionStoreNotReady: {
    fires: [condition('Ready', 'false', '1x120')],
    atMinute: 1,
    quiet: [condition('Ready', 'true', '1x120')],
  },
  SessionStoreDegraded: {
    fires: [condition('Degraded', 'true', '1x120')],
    atMinute: 5,
    quiet: [condition('Degraded', 'false', '1x120')],
  },
  SessionStoreEngineUnsupported: {
    fires: [condition('EngineSupported', 'false', '1x120')],
    atMinute: 60,
    quiet: [condition('EngineSupported', 'true', '1x120')],
  },
  SessionStoreMemoryShort: {
    fires: [
      { series: 'sessionstore_node_memory_used_bytes{node="a-0", role="primary"}', values: '91x120' },
      { series: 'sessionstore_maxmemory_bytes{}', values: '100x120' },
    ],
    atMinute: 5,
    quiet: [
      { series: 'sessionstore_node_memory_used_bytes{node="a-0", role="primary"}', values: '90x120' },
      { series: 'sessionstore_node_memory_used_bytes{node="a-1", role="replica"}', values: '95x120' },
      { series: 'sessionstore_maxmemory_bytes{}', values: '100x120' },
    ],
  },
  SessionStoreMemoryUnsafe: {
    fires: [condition('MemorySafe', 'false', '1x120')],
    atMinute: 5,
    quiet: [condition('MemorySafe', 'true', '1x120')],
  },
  SessionStoreNotPersisted: {
    fires: [condition('Persisted', 'false', '1x120')],
    atMinute: 5,
    quiet: [condition('Persisted', 'true', '1x120')],
  },
  SessionStoreEvicting: {
    fires: [{ series: 'sessionstore_sessions_evicted_total{}', values: '0 0 5x120' }],
    atMinute: 2,
    quiet: [{ series: 'sessionstore_sessions_evicted_total{}', values: '5x120' }],
  },
  SessionStorePolicyNotMet: {
    fires: [condition('PolicyMet', 'false', '1x120')],
    atMinute: 15,
    quiet: [condition('PolicyMet', 'unknown', '1x120')],
  },
  SessionStoreCertificateOld: {
    fires: [condition('CertificateCurrent', 'false', '1x120')],
    atMinute: 15,
    quiet: [
      condition('CertificateCurrent', 'true', '1x120'),
      { series: 'sessionstore_certificate_not_after_timestamp_seconds{}', values: '90000x120' },
    ],
  },
  SessionStoreCredentialInUse: {
    fires: [condition('CredentialsCurrent', 'false', '1x2000')],
    atMinute: 24 * 60,
    quiet: [condition('CredentialsCurrent', 'true', '1x2000')],
  },
  SessionStoreUndeclaredClients: {
    fires: [condition('ClientsDeclared', 'false', '1x120')],
    atMinute: 15,
    quiet: [condition('ClientsDeclared', 'unknown', '1x120')],
  },
  SessionStoreUnaccounted: {
    fires: [{ series: 'sessionstore_unaccounted_processes{}', values: '1x120' }],
    atMinute: 10,
    quiet: [{ series: 'sessionstore_unaccounted_processes{}', values: '0x120' }],
  },
  FlushSessionsFailed: {
    fires: [
      { series: 'flushsessions_failed_timestamp_seconds{store="web"}', values: '60x120' },
      { series: 'flushsessions_completed_timestamp_seconds{store="web"}', values: '0x120' },
      { series: 'flushsessions_completed_timestamp_seconds{store="other"}', values: '120x120' },
    ],
    atMinute: 0,
    quiet: [
      { series: 'flushsessions_failed_timestamp_seconds{store="web"}', values: '0x120' },
      { series: 'flushsessions_completed_timestamp_seconds{store="web"}', values: '60x120' },
    ],
  },
  FlushSessionsFenceHeld: {
    fires: [{ series: 'flushsessions_fence_since_timestamp_seconds{store="web"}', values: '0x120' }],
    atMinute: 11,
    quiet: [{ series: 'flushsessions_fence_since_timestamp_seconds{store="web"}', values: '6600x120' }],
  },
  FlushSessionsUnfinished: {
    fires: [{ series: 'flushsessions_unfinished_since_timestamp_seconds{store="web"}', values: '0x120' }],
    atMinute: 31,
    quiet: [{ series: 'flushsessions_unfinished_since_timestamp_seconds{store="web"}', values: '6600x120' }],
  },
  FlushSessionsAwaitingApproval: {
    fires: [{ series: 'flushsessions_awaiting_approval_since_timestamp_seconds{store="web"}', values: '0x120' }],
    atMinute: 6,
    quiet: [{ series: 'flushsessions_awaiting_approval_since_timestamp_seconds{store="web"}', values: '7200x120' }],
  },
  SessionStoreOperatorAway: {
    fires: [
      { series: leads('a', release.fullname, release.namespace), values: '0x120' },
      { series: leads('b', 'kube-controller-manager', 'kube-system'), values: '1x120' },
      { series: leads('c', release.fullname, 'another-one'), values: '1x120' },
    ],
    atMinute: 2,
    quiet: [
      { series: leads('a', release.fullname, release.namespace), values: '0x120' },
      { series: leads('b', release.fullname, release.namespace), values: '1x120' },
    ],
  },
}

const named = ({ series, values }: Series) => ({
  series: series.includes('namespace=')
    ? series
    : series.replace('{', '{namespace="shop", name="web", ').replace(', }', '}'),
  values,
})

test('every alert has a case here, and a section in the docs that it names', () => {
  expect(Object.keys(cases).toSorted()).toEqual(names.toSorted())
  const sections = readFileSync(join(import.meta.dirname, '../../../docs/alerts.md'), 'utf8')
  for (const name of names) {
    const rule = parse(readFileSync(join(files, `${name}.yaml`), 'utf8')) as {
      alert: string
      annotations: { runbook: string }
    }
    expect(rule.alert).toBe(name)
    expect(rule.annotations.runbook).toBe(`docs/alerts.md#${name.toLowerCase()}`)
    expect(sections).toContain(`\n## ${name}\n`)
  }
})

test('none is installed unless asked for', async () => {
  expect(namesOf(await render(), 'PrometheusRule')).toEqual([])
})

test('Prometheus takes the rules', async () => {
  const { stdout } = await run('promtool', ['check', 'rules', join(folder, 'rules.yaml')])
  expect(stdout).toContain(`${names.length} rules found`)
})

test.each(Object.entries(cases))(
  '%s fires when it should, not before, and not else',
  async (name, { fires, atMinute, quiet }) => {
    const expression = `count(ALERTS{alertname="${name}", alertstate="firing"})`
    const at = (minute: number, count: number) => ({
      expr: expression,
      eval_time: `${minute}m`,
      exp_samples: count === 0 ? [] : [{ value: count }],
    })
    const before = atMinute - 1
    const suite = {
      rule_files: [join(folder, 'rules.yaml')],
      evaluation_interval: '1m',
      tests: [
        {
          interval: '1m',
          input_series: fires.map(named),
          promql_expr_test: [...(before < 0 ? [] : [at(before, 0)]), at(atMinute, 1)],
        },
        { interval: '1m', input_series: quiet.map(named), promql_expr_test: [at(60, 0)] },
      ],
    }
    const file = join(folder, `${name}.yaml`)
    writeFileSync(file, stringify(suite))
    await run('promtool', ['test', 'rules', file])
  },
)
