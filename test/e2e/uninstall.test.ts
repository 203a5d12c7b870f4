import { afterEach, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../cluster/cluster.ts'
import { run } from '../cluster/command.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { operatorNamespace, restrictedNamespace, store, untilReady } from './fixtures.ts'
import { installOperator } from './install.ts'
import { Kubectl } from './kubectl.ts'
import { Objects } from './objects.ts'

const namespace = 'e2e-uninstall'
let cluster: Cluster
let objects: Objects

beforeAll(async () => {
  cluster = await openCluster({ log: () => undefined })
  objects = new Objects(new Kubectl(cluster))
})

// The files after this one need the operator.
afterEach(async () => await installOperator(cluster, { namespace: operatorNamespace, watch: 'all' }))

const uninstall = () =>
  run(cluster.helm, [
    'uninstall',
    'session-store-operator',
    '--namespace',
    operatorNamespace,
    '--kubeconfig',
    cluster.kubeconfig,
    '--wait',
  ])
const deleteNamespace = () => objects.run(['delete', 'namespace', namespace, '--wait=true', '--timeout=60s'])

test.each([
  ['first the operator, then the namespace', [uninstall, deleteNamespace]],
  ['first the namespace, then the operator', [deleteNamespace, uninstall]],
] as const)('%s: both are gone within 60 s', async (_name, steps) => {
  await objects.apply(restrictedNamespace(namespace))
  await objects.apply(store(namespace, 'web'))
  await untilReady(objects, namespace, 'web')
  const startedMs = performance.now()
  for (const step of steps) await step()
  const seconds = (performance.now() - startedMs) / 1000
  console.log(`gone after ${seconds.toFixed(1)} s`)
  expect(seconds).toBeLessThanOrEqual(60)
  expect(await objects.run(['get', 'namespace', namespace, '--ignore-not-found'])).toBe('')
})
