// Runs every client program against a store of each engine and prints what it did:  node test/clients/table.ts
// The cluster must be up (`make cluster-up`).
import { openCluster } from '../cluster/open-cluster.ts'
import { clientPod, operatorNamespace, restrictedNamespace, untilRunning } from '../e2e/fixtures.ts'
import { installOperator } from '../e2e/install.ts'
import { Kubectl } from '../e2e/kubectl.ts'
import { Objects } from '../e2e/objects.ts'
import { presetOf } from '../../src/sessions/presets.ts'
import type { CookieCheck } from './driver.ts'
import { programNames } from './programs.ts'
import { runProgram, storeFor, type Run } from './run-program.ts'

const cluster = await openCluster()
await installOperator(cluster, { namespace: operatorNamespace, watch: 'all' })
const objects = new Objects(new Kubectl(cluster))

const refused = ({ refused: ended, alive, errors }: CookieCheck): string => `${ended} of ${ended + alive + errors}`

const row = (run: Run): string =>
  [
    presetOf(run.preset).library,
    run.server,
    `${run.loggedIn.alive} of 20`,
    `${20 - run.changesFailed} of 20`,
    refused(run.loggedOut),
    run.timeToLive.map((seconds) => seconds.toFixed(0)).join('–'),
    `${run.revoked.flush}: ${refused(run.revoked.those)}, and ${refused(run.revoked.others)} others`,
    refused(run.ended),
    run.fenced.reads,
    run.fenced.logins,
    run.commands.join(' '),
    run.refusals.join('; ') || 'none',
  ].join(' | ')

const rows: string[] = []
for (const engine of ['Redis', 'Valkey'] as const) {
  const namespace = `clients-table-${engine.toLowerCase()}`
  await objects.run(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=true'])
  await objects.apply(restrictedNamespace(namespace), clientPod(namespace, 'client', { app: 'web' }))
  await untilRunning(objects, namespace, 'client')
  await objects.apply(...programNames.map((preset) => storeFor(namespace, preset, engine)))
  for (const preset of programNames) rows.push(row(await runProgram({ cluster, objects, namespace }, preset)))
  await objects.run(['delete', 'namespace', namespace, '--wait=false'])
}
console.log(
  [
    '| client | server | logged in, read | changed | logged out: refused | time to live, s | two users revoked by name: refused | ended: refused | reads while fenced | logins while fenced | commands | refused commands |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows.map((each) => `| ${each} |`),
  ].join('\n'),
)
