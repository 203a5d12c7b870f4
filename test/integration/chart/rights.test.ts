import { expect, test } from 'vitest'
import { render, type Manifest } from './rendered.ts'

const modes: readonly (readonly [string, readonly string[]])[] = [
  ['one namespace', []],
  ['two namespaces', ['--set=watch.namespaces={a,b}']],
  ['every namespace', ['--set=watch.allNamespaces=true']],
]

/** Each right that a Role or ClusterRole of the chart gives, as `verb group/resource`, with the names that it is confined to. */
const rightsOf = (manifests: readonly Manifest[]) =>
  manifests.flatMap(({ metadata, rules = [] }) =>
    rules.flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => ({ role: metadata.name, group, resource, verb, names: resourceNames })),
        ),
      ),
    ),
  )

test.each(modes)('serving %s, nobody lists or watches Secrets', async (_what, args) => {
  const secrets = rightsOf(await render(...args)).filter(({ resource }) => resource === 'secrets')
  expect(secrets.length).toBeGreaterThan(0)
  const allowed = ['get', 'create', 'update', 'patch', 'delete']
  expect(secrets.filter(({ verb }) => !allowed.includes(verb))).toEqual([])
})

test.each(modes)('serving %s, no right is a wildcard', async (_what, args) => {
  const rights = rightsOf(await render(...args))
  expect(rights.filter(({ group, resource, verb }) => `${group}${resource}${verb}`.includes('*'))).toEqual([])
})

test.each(modes)(
  'serving %s, nobody raises rights, takes an identity, or gets into a pod or a node',
  async (_what, args) => {
    const rights = rightsOf(await render(...args))
    const verbs = ['escalate', 'bind', 'impersonate', 'deletecollection', 'purge']
    const resources = [
      'nodes',
      'pods/exec',
      'pods/attach',
      'pods/ephemeralcontainers',
      'pods/portforward',
      'serviceaccounts/token',
    ]
    expect(
      rights.filter(
        ({ verb, resource, group }) =>
          verbs.includes(verb) || resources.includes(resource) || group === 'rbac.authorization.k8s.io',
      ),
    ).toEqual([])
  },
)

test('in its own namespace the operator gets its own Secrets, and in the whole cluster the policies by name', async () => {
  const rights = rightsOf(await render('--set=watch.namespaces={a}'))
  const own = rights.filter(({ role, resource }) => role === 'session-store-operator' && resource === 'secrets')
  expect(own.map(({ verb, names }) => [verb, names])).toEqual([
    ['create', undefined],
    [
      'get',
      [
        'session-store-operator-master-key',
        'session-store-operator-previous-master-key',
        'session-store-operator-audit-key',
      ],
    ],
  ])
  const cluster = rights.filter(({ role }) => role === 'ops:session-store-operator:policies')
  expect(new Set(cluster.map(({ verb, names }) => `${verb} ${names?.join(',')}`))).toEqual(
    new Set(['get flushsessions.sessionstore.dev']),
  )
})

test('serving namespaces, the operator has no right in the rest of the cluster but to read the policies', async () => {
  const bound = (await render('--set=watch.namespaces={a}')).filter(({ kind }) => kind === 'ClusterRoleBinding')
  expect(bound.map(({ metadata }) => metadata.name)).toEqual(['ops:session-store-operator:policies'])
})

test('no ClusterRole for people is added to edit or admin, and none may sign', async () => {
  const roles = (await render()).filter(({ metadata }) =>
    /^session-store-(viewer|responder|approver|editor)$/.test(metadata.name),
  )
  expect(roles).toHaveLength(4)
  const labels = roles.flatMap(({ metadata }) => Object.keys(metadata.labels ?? {}))
  expect(labels.filter((label) => /aggregate-to-(edit|admin)/.test(label))).toEqual([])
  expect(rightsOf(roles).filter(({ verb, resource }) => verb === 'sign' || resource.includes('/'))).toEqual([])
  // Who asks and who agrees are two: nobody gets both by one role.
  const may = (verb: string) =>
    rightsOf(roles)
      .filter((right) => right.verb === verb && right.resource === 'flushsessions')
      .map(({ role }) => role)
  expect(may('approve')).toEqual(['session-store-approver'])
  expect(may('create')).toEqual(['session-store-responder'])
})

test('it may change workloads of others only where it is told to restart them', async () => {
  const others = async (...args: readonly string[]) =>
    rightsOf(await render(...args))
      .filter(({ resource }) => ['deployments', 'daemonsets'].includes(resource))
      .map(({ verb, resource }) => `${verb} ${resource}`)
  expect(await others()).toEqual([])
  expect((await others('--set=restartWorkloads=true')).toSorted()).toEqual([
    'list daemonsets',
    'list deployments',
    'patch daemonsets',
    'patch deployments',
  ])
})
