// Measures on a real cluster; each figure beside its baseline of the same run.
//   node test/benchmarks/run.ts [--rounds 20] [--stores 30] [--thousand 1000] [--losses 30] [--changes 30] [--nodes 30] [--only scopes|formats|everybody|ttl|thousand|losses|changes|nodes] [--kind drain] [--output FILE]
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { openCluster } from '../cluster/open-cluster.ts'
import { policiesInForce } from '../clients/flush.ts'
import { operatorNamespace } from '../e2e/fixtures.ts'
import { installOperator } from '../e2e/install.ts'
import { Kubectl } from '../e2e/kubectl.ts'
import { table, type Figure } from './figure.ts'
import { everybodyGuarded } from './everybody-guarded.ts'
import { manyStores } from './many-stores.ts'
import { millionSessions } from './million-sessions.ts'
import { nodeLost } from './node-lost.ts'
import { plannedChanges } from './planned-changes.ts'
import { primaryLost } from './primary-lost.ts'
import { scopedRevocation } from './scoped-revocation.ts'
import { sessionFormats } from './session-formats.ts'
import { thousandStores } from './thousand-stores.ts'
import { ttlPolicy } from './ttl-policy.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    stores: { type: 'string', default: '30' },
    thousand: { type: 'string', default: '1000' },
    losses: { type: 'string', default: '30' },
    changes: { type: 'string', default: '30' },
    nodes: { type: 'string', default: '30' },
    only: { type: 'string' },
    kind: { type: 'string', default: '' },
    output: { type: 'string' },
  },
})

const figures: Figure[] = []
const wanted = (part: string): boolean => values.only === undefined || values.only === part
// One Redis of this machine, before the cluster takes its share.
if (wanted('scopes')) figures.push(...(await scopedRevocation()))
if (wanted('formats')) figures.push(...(await sessionFormats()))
if (wanted('everybody')) figures.push(...(await everybodyGuarded()))
if (wanted('ttl')) figures.push(...(await ttlPolicy()))
// Seven minutes and 6 GB: only when it is asked for.
if (values.only === 'thousand') figures.push(...(await thousandStores(Number(values.thousand))))
const cluster = await openCluster()
// CRDs and admission policies, and no operator but those that are measured.
await installOperator(cluster, { namespace: operatorNamespace, watch: 'all', values: { replicas: 0 } })
await policiesInForce(new Kubectl(cluster))
if (values.only === undefined) {
  figures.push(...(await millionSessions(cluster, Number(values.rounds))))
  figures.push(...(await manyStores(cluster, Number(values.stores))))
}
// The operator that the chart installs: two of them, as a user has them.
await installOperator(cluster, { namespace: operatorNamespace, watch: 'all' })
if (wanted('losses')) figures.push(...(await primaryLost(cluster, Number(values.losses))))
if (wanted('changes')) figures.push(...(await plannedChanges(cluster, Number(values.changes), values.kind)))
if (wanted('nodes')) figures.push(...(await nodeLost(cluster, Number(values.nodes))))
const [cpu] = cpus()
const json = JSON.stringify(
  { at: new Date().toISOString(), machine: `${cpus().length} × ${cpu?.model ?? 'unknown'}`, figures },
  undefined,
  2,
)
if (values.output !== undefined) writeFileSync(values.output, `${json}\n`)
console.log(`${table(figures)}\n\n${json}`)
