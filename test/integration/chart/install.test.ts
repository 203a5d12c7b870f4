import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApiServer, type ApiServer } from '../api-server.ts'
import { chart, helm, kubectl, output } from './install.ts'
import { namesOf, podTemplate, render, stamping, type Manifest } from './rendered.ts'

const release = 'session-store-operator'
let server: ApiServer
let folder: string

beforeAll(async () => {
  server = await startApiServer()
  folder = mkdtempSync(join(tmpdir(), 'chart-'))
  await output(kubectl(server, ['create', 'namespace', 'ops']))
  await output(kubectl(server, ['label', 'namespace', 'ops', 'pod-security.kubernetes.io/enforce=restricted']))
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await server?.stop()
})

const get = async (...args: readonly string[]): Promise<readonly Manifest[]> => {
  const found = await output(kubectl(server, ['get', ...args, '--output=json', '--ignore-not-found']))
  return found === '' ? [] : (JSON.parse(found) as { readonly items: readonly Manifest[] }).items
}
const clusterKinds =
  'customresourcedefinitions,clusterroles,validatingadmissionpolicies,validatingadmissionpolicybindings,mutatingadmissionpolicies,mutatingadmissionpolicybindings'
const ofRelease = `--selector=app.kubernetes.io/instance=${release}`

/** What a user of `version` of the chart has for a schema of FlushSessions' spec. */
const specFields = async (): Promise<readonly string[]> => {
  const path = '{.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties}'
  const crd = ['get', 'crd', 'flushsessions.sessionstore.dev', `--output=jsonpath=${path}`]
  return Object.keys(JSON.parse(await output(kubectl(server, crd))) as object)
}

/** The chart as it was before FlushSessions had `reference`. */
const olderChart = (): string => {
  const older = join(folder, 'older')
  cpSync(chart, older, { recursive: true })
  const path = join(older, 'files/crds/sessionstore.dev_flushsessions.yaml')
  const text = readFileSync(path, 'utf8')
  const without = text
    .replace(/^( +)reference:\n(\1 +.*\n)+/m, '')
    .replace(/^( +)- rule: [^\n]*reference[^\n]*\n(\1 +.*\n)+/m, '')
  if (without === text) throw new Error(`${path} holds no field "reference" to take away`)
  writeFileSync(path, without)
  return older
}

test('an upgrade brings the CRDs of the new chart', async () => {
  await output(helm(server, 'install', release, olderChart(), '--namespace=ops'))
  expect(await specFields()).not.toContain('reference')
  await output(helm(server, 'upgrade', release, chart, '--namespace=ops'))
  expect(await specFields()).toContain('reference')
})

test('in the cluster is what the chart rendered', async () => {
  const rendered = await render(...stamping)
  const kept = rendered.filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep')
  const kinds = [...new Set(kept.map(({ kind }) => kind))]
  const names = namesOf(await get(clusterKinds, ofRelease), ...kinds)
  expect(names).toEqual(expect.arrayContaining([...namesOf(kept, ...kinds)]))
})

test('a namespace that enforces restricted pods takes the operator', async () => {
  const { metadata, spec } = podTemplate(await render('--set=engines.Redis.8\\.0.image=redis:8.0'))
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'one', namespace: 'ops' }, spec }
  const dryRun = ['create', '--dry-run=server', '--filename=-']
  expect(await kubectl(server, dryRun, { stdin: pod })).toMatchObject({ ok: true, stderr: '' })
  const [container] = spec.containers
  const careless = { ...pod, spec: { ...spec, containers: [{ ...container, securityContext: {} }] } }
  const { ok, stderr } = await kubectl(server, dryRun, { stdin: careless })
  expect({ ok, violates: stderr.includes('violates PodSecurity "restricted') }).toEqual({ ok: false, violates: true })
})

test('a second install goes beside the first, without what the cluster has once', async () => {
  const second = ['--namespace=ops-2', '--create-namespace', '--set=cluster.install=false,watch.namespaces={ops}']
  await output(helm(server, 'install', release, chart, ...second))
  expect(namesOf(await get('deployments', '--all-namespaces'), 'Deployment')).toEqual([
    `ops-2/Deployment/${release}`,
    `ops/Deployment/${release}`,
  ])
  await output(helm(server, 'uninstall', release, '--namespace=ops-2'))
  expect(namesOf(await get('deployments', '--all-namespaces'), 'Deployment')).toEqual([`ops/Deployment/${release}`])
})

test('an uninstall takes the operator and its rights, and leaves stores, policies and roles for people', async () => {
  const store = {
    apiVersion: 'sessionstore.dev/v1alpha1',
    kind: 'SessionStore',
    metadata: { name: 'web', namespace: 'ops' },
    spec: {
      memory: { maxmemory: '64Mi' },
      sessions: { client: 'express', keyPrefix: 'shop' },
      clients: [{ name: 'web', from: [{ podSelector: {} }] }],
    },
  }
  await output(kubectl(server, ['create', '--filename=-'], { stdin: store }))
  const before = await get(clusterKinds, ofRelease)
  await output(helm(server, 'uninstall', release, '--namespace=ops'))
  const after = await get(clusterKinds, ofRelease)
  const gone = before.filter(
    ({ kind, metadata }) => !after.some((it) => it.kind === kind && it.metadata.name === metadata.name),
  )
  expect(gone.map(({ metadata }) => metadata.name)).toEqual(['ops:session-store-operator:policies'])
  expect(
    await get('deployments,roles,rolebindings,networkpolicies,poddisruptionbudgets', '--all-namespaces', ofRelease),
  ).toEqual([])
  expect(namesOf(await get('sessionstores', '--all-namespaces'), 'SessionStore')).toEqual(['ops/SessionStore/web'])
})

test('it can be installed again over what was left', async () => {
  await output(helm(server, 'install', release, chart, '--namespace=ops'))
  expect(namesOf(await get('sessionstores', '--all-namespaces'), 'SessionStore')).toEqual(['ops/SessionStore/web'])
})
