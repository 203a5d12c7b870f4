import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { asInstalled } from './as-installed.ts'
import { chart } from './install.ts'

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly type: string
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    readonly targets?: readonly { readonly expr: string }[]
  }[]
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] }
}

/** As the chart installs it under its own name. */
export const dashboard = JSON.parse(
  asInstalled(readFileSync(join(chart, 'files/dashboards/session-stores.json'), 'utf8')),
) as Dashboard

/** Every query with the panel's title, and Grafana's variables filled in: one store, or all of them. */
export const queriesFor = ({ namespace, store } = { namespace: '.*', store: '.*' }) =>
  [
    ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr }))),
    ...dashboard.annotations.list.map(({ name, expr }) => ({ title: name, expr })),
  ].map(({ title, expr }) => ({
    title,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$namespace', namespace).replaceAll('$store', store),
  }))
