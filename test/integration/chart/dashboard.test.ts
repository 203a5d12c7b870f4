import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { registerFlushMetrics } from '../../../src/flushes/metrics.ts'
import { createMetrics } from '../../../src/kubernetes/metrics.ts'
import { registerStoreMetrics } from '../../../src/stores/metrics.ts'
import { run } from '../../cluster/command.ts'
import { release } from './as-installed.ts'
import { dashboard, queriesFor } from './dashboard.ts'
import { namesOf, only, render } from './rendered.ts'

const queries = queriesFor().map(({ expr }) => expr)

/** Names of all series that the operator has. */
const ours = async (): Promise<ReadonlySet<string>> => {
  const registry = new Registry()
  createMetrics(registry)
  registerStoreMetrics(registry, () => [], { get: () => undefined })
  registerFlushMetrics(registry, () => [])
  const metrics = await registry.getMetricsAsJSON()
  return new Set(metrics.flatMap(({ name }) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]))
}

test('the ConfigMap holds the dashboard as it is, with the label of the sidecar; none unless asked for', async () => {
  const { metadata, data } = only(
    (await render('--set=grafanaDashboard.enabled=true', `--namespace=${release.namespace}`)).filter(
      ({ metadata: { name } }) => name.endsWith('-dashboard'),
    ),
    'ConfigMap',
  )
  expect(metadata.labels).toMatchObject({ grafana_dashboard: '1' })
  expect(JSON.parse(data?.['session-stores.json'] ?? '')).toEqual(dashboard)
  expect(namesOf(await render(), 'ConfigMap').filter((name) => name.endsWith('-dashboard'))).toEqual([])
})

test('Prometheus takes every query', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dashboard-'))
  try {
    const rules = queries.map((expr, index) => ({ record: `query:${index}`, expr }))
    writeFileSync(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'dashboard', rules }] }))
    const { stdout } = await run('promtool', ['check', 'rules', join(folder, 'rules.yaml')])
    expect(stdout).toContain(`${queries.length} rules found`)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('every query asks for series that the operator has', async () => {
  const known = await ours()
  const asked = queries.flatMap((expr) =>
    [
      ...expr.matchAll(
        /\b(?:sessionstore|flushsessions|controller_runtime|rest_client|leader_election|workqueue)_\w+/g,
      ),
    ].map(([name]) => name),
  )
  expect(asked.length).toBeGreaterThanOrEqual(queries.length)
  expect(asked.filter((name) => !known.has(name))).toEqual([])
})

test('no panel lies over another', () => {
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  )
  expect(new Set(cells).size).toBe(cells.length)
  expect(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true)
})
