import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/wait-until.ts'
import { expectAllowed, expectDenied, namespace, openAdmission, operator, type Admission } from './fixture.ts'

// What the operator may change of workloads that are not a store's, with the rights that the chart gives it.
let cluster: Admission

beforeAll(async () => {
  cluster = await openAdmission({}, ['--set', 'restartWorkloads=true'])
  for (const object of [
    workload('shop', 'Deployment'),
    workload('agent', 'DaemonSet'),
    workload('stateful', 'StatefulSet', { serviceName: 'stateful' }),
    { ...workload('bare', 'Deployment'), metadata: { name: 'bare', namespace } },
    ...kubectlReads,
  ])
    expectAllowed(await cluster.create(object))
  await waitUntil(
    'the policy is in force',
    async () => (await change('bare', restarted('x'))).stderr.includes('ValidatingAdmissionPolicy'),
    {
      timeoutMs: 30_000,
      intervalMs: 500,
    },
  )
})
afterAll(async () => await cluster?.server.stop())

const workload = (name: string, kind: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace, labels: { 'restart.sessionstore.dev/web': 'web' } },
  spec: {
    ...spec,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations: { other: 'kept' } },
      spec: { containers: [{ name: 'app', image: 'app.test/app' }] },
    },
  },
})

/** kubectl reads before it patches, which the operator does not. */
const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'kubectl-reads', namespace } }
const kubectlReads = [
  {
    ...rbac,
    kind: 'Role',
    rules: [{ apiGroups: ['apps'], resources: ['deployments', 'daemonsets', 'statefulsets'], verbs: ['get'] }],
  },
  {
    ...rbac,
    kind: 'RoleBinding',
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'kubectl-reads' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: operator.user }],
  },
]

const change = (name: string, patch: object, kind = 'deployment') =>
  cluster.patch(kind, name, patch as Readonly<Record<string, unknown>>, operator)

const inPods = (metadata: object) => ({ spec: { template: { metadata } } })
const restarted = (value: string) => inPods({ annotations: { 'restart.sessionstore.dev/web': value } })

test.each([
  ['deployment', 'shop'],
  ['daemonset', 'agent'],
  ['statefulset', 'stateful'],
])('it restarts a labelled %s, again and again', async (kind, name) => {
  for (const value of ['one', 'two']) {
    expectAllowed(await change(name, restarted(value), kind))
    const { spec } = await cluster.read(kind, name)
    expect(spec).toMatchObject(restarted(value)['spec'])
  }
})

test('it restarts nothing that is not labelled', async () => {
  expectDenied(await change('bare', restarted('one')), 'not labelled restart.sessionstore.dev/<store>')
})

test.each([
  ['an image', { spec: { template: { spec: { containers: [{ name: 'app', image: 'evil.test/app' }] } } } }],
  ['a service account', { spec: { template: { spec: { serviceAccountName: 'admin' } } } }],
  ['a label of its pods', inPods({ labels: { sidecar: 'inject' } })],
  ['another annotation of its pods', inPods({ annotations: { sidecar: 'inject' } })],
  ['what another annotation says', inPods({ annotations: { other: 'changed' } })],
  ['that another annotation is there', inPods({ annotations: { other: null } })],
  ['how many there are', { spec: { replicas: 0 } }],
  ['a label of its own', { metadata: { labels: { mine: 'yes' } } }],
  ['how its pods are replaced', { spec: { strategy: { type: 'Recreate', rollingUpdate: null } } }],
  ['whether it is paused', { spec: { paused: true } }],
  ['a finalizer', { metadata: { finalizers: ['a.test/b'] } }],
  ['an annotation of its own', { metadata: { annotations: { mine: 'yes' } } }],
  ['who owns it', { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'b' }] } }],
])('it cannot change %s', async (_what, patch) => {
  expectDenied(await change('shop', patch), 'nothing of a workload but the annotation')
})

test.each([
  ['the numbers of its pods', { spec: { ordinals: { start: 3 } } }],
  ['what becomes of its volumes', { spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } } }],
  ['its update strategy', { spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: null } } }],
])('of a StatefulSet it cannot change %s', async (_what, patch) => {
  expectDenied(await change('stateful', patch, 'statefulset'), 'nothing of a workload but the annotation')
})

test('who else may change a workload is not concerned', async () => {
  expectAllowed(await cluster.patch('deployment', 'shop', { spec: { replicas: 2 } }))
})
