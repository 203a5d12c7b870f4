import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { defaultEngines } from '../../../src/stores/engines.ts'
import { version } from '../../../src/version.ts'
import { chart, helm } from './install.ts'
import { namesOf, only, podTemplate, render, stamping } from './rendered.ts'

const valueSets: readonly (readonly [string, readonly string[]])[] = [
  ['as it comes', []],
  ['for several namespaces', ['--set=watch.namespaces={a,b}']],
  ['for every namespace', ['--set=watch.allNamespaces=true']],
  ['as the second of its cluster', ['--set=cluster.install=false']],
  ['with monitoring', ['--set=podMonitor.enabled=true,podMonitor.labels.release=prom']],
  ['with restarts', ['--set=restartWorkloads=true']],
  ['with another registry', ['--set=global.imageRegistry=mirror.test:5000']],
  ['for a cluster that stamps', ['--set=cluster.mutatingAdmissionPolicy=Always']],
]

test.each(valueSets)('helm lint finds nothing in the chart %s', async (_what, values) => {
  const { ok, stdout, stderr } = await helm(undefined, 'lint', '--strict', chart, ...values)
  expect({ ok, said: `${stdout}${stderr}`.match(/\[(WARNING|ERROR)\].*/g) }).toEqual({ ok: true, said: null })
})

test('it serves the namespace of its release unless told', async () => {
  const manifests = await render()
  expect(podTemplate(manifests).spec.containers[0].args).toContain('--namespaces=ops')
  expect(namesOf(manifests, 'Role')).toEqual(['ops/Role/ops:session-store-operator', 'ops/Role/session-store-operator'])
})

test('each namespace that it serves has a Role and a binding to it', async () => {
  const manifests = await render('--set=watch.namespaces={a,b}')
  expect(podTemplate(manifests).spec.containers[0].args).toContain('--namespaces=a,b')
  for (const kind of ['Role', 'RoleBinding']) {
    expect(namesOf(manifests, kind)).toEqual([
      `a/${kind}/ops:session-store-operator`,
      `b/${kind}/ops:session-store-operator`,
      `ops/${kind}/session-store-operator`,
    ])
  }
})

test('serving every namespace takes a ClusterRole, and that alone', async () => {
  const manifests = await render('--set=watch.allNamespaces=true')
  expect(podTemplate(manifests).spec.containers[0].args).toContain('--all-namespaces')
  expect(namesOf(manifests, 'Role')).toEqual(['ops/Role/session-store-operator'])
  expect(namesOf(manifests, 'ClusterRoleBinding')).toEqual([
    'ClusterRoleBinding/ops:session-store-operator',
    'ClusterRoleBinding/ops:session-store-operator:policies',
  ])
})

test('a release in another namespace shares no object with the first', async () => {
  const first = await render('--set=watch.namespaces={a}')
  const second = await render('--namespace=ops-2', '--set=watch.namespaces={a}', '--set=cluster.install=false')
  const all = (manifests: typeof first) => namesOf(manifests, ...new Set(manifests.map(({ kind }) => kind)))
  expect(all(second).filter((name) => all(first).includes(name))).toEqual([])
  expect(namesOf(second, 'CustomResourceDefinition', 'ValidatingAdmissionPolicy')).toEqual([])
})

test('what a cluster has once stays when the release goes', async () => {
  const manifests = await render(...stamping)
  const shared = (await render(...stamping, '--set=cluster.install=false')).map(
    ({ kind, metadata }) => kind + metadata.name,
  )
  const cluster = manifests.filter(({ kind, metadata }) => !shared.includes(kind + metadata.name))
  expect(new Set(cluster.map(({ kind }) => kind))).toEqual(
    new Set([
      'CustomResourceDefinition',
      'ClusterRole',
      'MutatingAdmissionPolicy',
      'MutatingAdmissionPolicyBinding',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
    ]),
  )
  const lost = cluster.filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] !== 'keep')
  expect(lost.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([])
})

test.each([
  ['1.33, which serves no MutatingAdmissionPolicy', ['--kube-version=1.33.0'], 0],
  ['1.36', ['--kube-version=1.36.0', ...stamping], 2],
  ['1.36, told not to stamp', [...stamping, '--set=cluster.mutatingAdmissionPolicy=Never'], 0],
  ['a renderer that does not know, told to stamp', ['--set=cluster.mutatingAdmissionPolicy=Always'], 2],
])('on %s the policies fit', async (_what, args, mutating) => {
  const manifests = await render(...args)
  expect(manifests.filter(({ kind }) => kind.startsWith('MutatingAdmissionPolicy'))).toHaveLength(mutating)
  expect(namesOf(manifests, 'ValidatingAdmissionPolicy')).toEqual([
    'ValidatingAdmissionPolicy/auditrecords.sessionstore.dev',
    'ValidatingAdmissionPolicy/flushsessions.sessionstore.dev',
    'ValidatingAdmissionPolicy/status.sessionstore.dev',
  ])
})

test('every policy fails closed, and its binding denies', async () => {
  const manifests = await render()
  for (const policy of manifests.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy')) {
    const { name } = policy.metadata
    expect(policy.spec).toMatchObject({ failurePolicy: 'Fail' })
    const binding = manifests.find(
      ({ kind, metadata }) => kind === 'ValidatingAdmissionPolicyBinding' && metadata.name === name,
    )
    expect(binding?.spec).toEqual({ policyName: name, validationActions: ['Deny'] })
  }
})

test('the image is the release of the chart, by tag and by digest if given', async () => {
  const digest = `sha256:${'a'.repeat(64)}`
  const image = async (...args: readonly string[]) => podTemplate(await render(...args)).spec.containers[0].image
  expect(await image()).toBe(`ghcr.io/session-store-operator/session-store-operator:${version}`)
  expect(await image('--set=image.repository=own.test/op,image.tag=x')).toBe('own.test/op:x')
  expect(await image(`--set=image.digest=${digest}`)).toMatch(new RegExp(`:${version}@${digest}$`))
  expect(await image('--set=image.registry=own.test')).toMatch(/^own\.test\/session-store-operator\//)
})

test("another registry takes the place of every image's own, the engines' included", async () => {
  const manifests = await render('--set=global.imageRegistry=mirror.test:5000')
  expect(podTemplate(manifests).spec.containers[0].image).toMatch(/^mirror\.test:5000\/session-store-operator\//)
  const engines = parse(only(manifests, 'ConfigMap').data?.['engines.yaml'] ?? '') as unknown
  expect(engines).toEqual({
    Redis: { '8.8': { image: 'mirror.test:5000/library/redis:8.8.3' } },
    Valkey: { '9.1': { image: 'mirror.test:5000/valkey/valkey:9.1.3' } },
  })
})

test("the chart's table of engines is the operator's own", () => {
  expect(parse(readFileSync(join(chart, 'files/engines.yaml'), 'utf8'))).toEqual(defaultEngines)
})

test('engines in the values take the place of the whole table', async () => {
  const manifests = await render('--set=engines.Redis.8\\.0.image=redis:8.0')
  expect(parse(only(manifests, 'ConfigMap').data?.['engines.yaml'] ?? '')).toEqual({
    Redis: { '8.0': { image: 'redis:8.0' } },
    Valkey: {},
  })
  expect(podTemplate(manifests).spec.containers[0].args).toContain('--engines=/etc/session-store-operator/engines.yaml')
  expect(namesOf(await render(), 'ConfigMap')).toEqual([])
})

test('of several lines the newest comes first: it is the default', async () => {
  const lines = ['8.8', '10.0', '8.10', '7.2'].map(
    (line) => `engines.Redis.${line.replace('.', '\\.')}.image=redis:${line}`,
  )
  const text = only(await render(`--set=${lines.join(',')}`), 'ConfigMap').data?.['engines.yaml'] ?? ''
  const { Redis } = parse(text) as { readonly Redis: object }
  expect(Object.keys(Redis)).toEqual(['10.0', '8.10', '8.8', '7.2'])
})

test('what the values say of the pod reaches it', async () => {
  const { spec, metadata } = podTemplate(
    await render(
      '--set=priorityClassName=system-cluster-critical,imagePullSecrets[0].name=pull,podLabels.team=web,logLevel=debug',
      '--set=args={--health-port=9000},serviceAccount.create=false,serviceAccount.name=own',
    ),
  )
  expect(spec).toMatchObject({
    priorityClassName: 'system-cluster-critical',
    imagePullSecrets: [{ name: 'pull' }],
    serviceAccountName: 'own',
  })
  expect(metadata.labels).toMatchObject({ team: 'web' })
  expect(spec.containers[0].args.slice(-2)).toEqual(['--log-level=debug', '--health-port=9000'])
})

test('the labels that the operator is told of are on its pods: stores let in who has them', async () => {
  const { spec, metadata } = podTemplate(await render())
  const flag =
    spec.containers[0].args.find((arg) => arg.startsWith('--pod-labels='))?.replace('--pod-labels=', '') ?? ''
  const told = Object.fromEntries(flag.split(',').map((pair) => pair.split('=')))
  expect(metadata.labels).toMatchObject(told)
  expect(Object.keys(told)).toHaveLength(2)
})

test('metrics are for anybody, or for those that are named', async () => {
  const ingress = async (...args: readonly string[]) => only(await render(...args), 'NetworkPolicy').spec
  const ports = (port: string) => ({ ports: [{ port, protocol: 'TCP' }] })
  expect(await ingress()).toMatchObject({ policyTypes: ['Ingress'], ingress: [ports('health'), ports('metrics')] })
  const from = [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }]
  expect(await ingress(`--set-json=networkPolicy.metricsFrom=${JSON.stringify(from)}`)).toMatchObject({
    ingress: [ports('health'), { ...ports('metrics'), from }],
  })
})

test('a PodMonitor is made by choice', async () => {
  expect(namesOf(await render(), 'PodMonitor')).toEqual([])
  const monitor = only(await render('--set=podMonitor.enabled=true,podMonitor.labels.release=prom'), 'PodMonitor')
  expect(monitor.metadata.labels).toMatchObject({ release: 'prom' })
  expect(monitor.spec).toMatchObject({ podMetricsEndpoints: [{ port: 'metrics', interval: '30s' }] })
})
