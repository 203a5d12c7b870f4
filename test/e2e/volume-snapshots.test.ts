import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FlushSessionsStatus } from '../../src/api/flush-sessions-status.ts'
import { goModule } from '../cluster/tools/go-module.ts'
import { flush, store, untilReady } from './fixtures.ts'
import { suite } from './suite.ts'

const at = suite('e2e-volume-snapshots')
const crd = 'volumesnapshots.snapshot.storage.k8s.io'

beforeAll(async () => {
  const folder = await goModule('github.com/kubernetes-csi/external-snapshotter/client/v8', 'v8.2.0')
  const file = readFileSync(join(folder, 'config/crd/snapshot.storage.k8s.io_volumesnapshots.yaml'), 'utf8')
  await at().objects.run(['apply', '--server-side', '-f', '-'], file)
  await at().objects.run(['wait', '--for=condition=Established', `crd/${crd}`, '--timeout=30s'])
})
afterAll(async () => {
  await at().objects.run(['delete', 'crd', crd, '--ignore-not-found'])
})

const snapshotOf = (name: string, claim: string) => ({
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshot',
  metadata: { name, namespace: at().namespace },
  spec: { source: { persistentVolumeClaimName: claim } },
})

test('a flush names the snapshots of its volumes, in its status and on record, and those of nobody else', async () => {
  const { objects, namespace } = at()
  const persistence = { mode: 'AppendOnly', claim: { size: '1Gi' } }
  await objects.apply(store(namespace, 'web', { spec: { persistence } }), store(namespace, 'memory'))
  for (const name of ['web', 'memory']) await untilReady(objects, namespace, name, 90_000)
  await objects.apply(
    snapshotOf('last-night', 'data-web-0'),
    // Of a pod that is asked for no more, and of others.
    snapshotOf('last-month', 'data-web-2'),
    snapshotOf('of-another', 'data-web-eu-0'),
    snapshotOf('of-a-database', 'postgres-0'),
  )
  const flushed = async (name: string): Promise<FlushSessionsStatus> => {
    await objects.create(flush(namespace, name, name, { drain: '1s' }))
    const ended = await objects.until('flushsessions', name, namespace, 'completed', (each) => {
      const { phase } = (each['status'] ?? {}) as FlushSessionsStatus
      return phase === 'Completed'
    })
    return ended['status'] as FlushSessionsStatus
  }
  const named = (await flushed('web')).guarantee?.notCovered.filter((line) => line.includes('VolumeSnapshots'))
  expect(named).toHaveLength(1)
  expect(named?.[0]).toMatch(/: (last-month, last-night|last-night, last-month)\. Delete them/)
  const records = await objects.list('auditrecords', namespace)
  expect(JSON.stringify(records)).toContain(named?.[0])
  expect(JSON.stringify((await flushed('memory')).guarantee)).not.toContain('VolumeSnapshots')
})
