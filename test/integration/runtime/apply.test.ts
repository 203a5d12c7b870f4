import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { appliedHashAnnotation, applyIfChanged, applyStatus, setCondition } from '../../../src/kubernetes/apply.ts'
import type { Applied } from '../../../src/kubernetes/client.ts'
import {
  configMaps,
  type NetworkPolicy,
  networkPolicies,
  type Service,
  services,
  type StatefulSet,
  statefulSets,
} from '../../../src/kubernetes/kinds.ts'
import type { Resource } from '../../../src/kubernetes/objects.ts'
import type { ApiClient } from '../../../src/kubernetes/transport.ts'
import { type ApiServer, startApiServer } from '../api-server.ts'
import type { FaultProxy } from '../fault-proxy.ts'
import { clientOf, newNamespace, proxyOf } from './fixture.ts'

let server: ApiServer
let client: ApiClient
let proxy: FaultProxy
let namespace: string

beforeAll(async () => {
  server = await startApiServer()
})
afterAll(() => server.stop())
beforeEach(async () => {
  proxy = await proxyOf(server.kubeconfig)
  client = clientOf(proxy.kubeconfig)
  namespace = await newNamespace(clientOf(server.kubeconfig))
})

const options = { fieldManager: 'test' }

type ServiceWithStatus = Service & { readonly status?: object }
const servicesWithStatus = services as Resource<ServiceWithStatus>

/** What an operator declares, with the spellings and omissions that the API server rewrites. */
const statefulSet = (): Applied<StatefulSet> => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { namespace, name: 'web', labels: { app: 'web' }, annotations: {} },
  spec: {
    replicas: 1,
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    updateStrategy: { type: 'OnDelete' },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        tolerations: [],
        nodeSelector: {},
        containers: [
          {
            name: 'redis',
            image: 'redis:8',
            env: [{ name: 'MODE', value: '' }],
            ports: [{ containerPort: 6379 }],
            resources: { limits: { memory: '1024Mi', cpu: 0.5 }, requests: { memory: '0.5Gi' } },
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
            readinessProbe: { exec: { command: ['redis-cli', 'ping'] }, periodSeconds: 1 },
            securityContext: { capabilities: { drop: ['ALL'] } },
          },
        ],
        volumes: [
          { name: 'data', emptyDir: { sizeLimit: '1.5Gi' } },
          { name: 'keys', secret: { secretName: 'keys' } },
        ],
      },
    },
  },
})

describe('applyIfChanged', () => {
  test('writes a StatefulSet once, and nothing while it is what was declared', async () => {
    const first = await applyIfChanged(client, statefulSets, statefulSet(), undefined, options)
    expect(first.changed).toBe(true)
    const stored = await client.get(statefulSets, { namespace, name: 'web' })
    // another client: nothing is remembered of the first apply
    const restarted = clientOf(proxy.kubeconfig)
    const second = await applyIfChanged(restarted, statefulSets, statefulSet(), stored, options)
    expect(second).toEqual({ object: stored, changed: false })
    expect(proxy.writes).toHaveLength(1)
  })

  test('writes a NetworkPolicy once', async () => {
    const policy: Applied<NetworkPolicy> = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace, name: 'web' },
      spec: {
        podSelector: { matchLabels: { app: 'web' } },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 6379 }, { port: 'metrics' }] }],
        egress: [],
      },
    }
    await applyIfChanged(client, networkPolicies, policy, undefined, options)
    const stored = await client.get(networkPolicies, { namespace, name: 'web' })
    await applyIfChanged(clientOf(proxy.kubeconfig), networkPolicies, policy, stored, options)
    expect(proxy.writes).toHaveLength(1)
  })

  test('repairs what somebody else changed', async () => {
    await applyIfChanged(client, statefulSets, statefulSet(), undefined, options)
    const changed = await client.patch(statefulSets, { namespace, name: 'web' }, { spec: { replicas: 3 } })
    const { object } = await applyIfChanged(client, statefulSets, statefulSet(), changed, options)
    expect(object.spec).toMatchObject({ replicas: 1 })
  })

  test('removes what it no longer declares, once, and leaves what others added', async () => {
    const declared = (data: Record<string, string>) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace, name: 'a' },
      data,
    })
    const { object } = await applyIfChanged(client, configMaps, declared({ one: '1', two: '2' }), undefined, options)
    const extended = await client.patch(configMaps, { namespace, name: 'a' }, { data: { theirs: '3' } })
    expect(extended.metadata.annotations?.[appliedHashAnnotation]).toBe(
      object.metadata.annotations?.[appliedHashAnnotation],
    )
    const without = await applyIfChanged(client, configMaps, declared({ one: '1' }), extended, options)
    expect(without.object.data).toEqual({ one: '1', theirs: '3' })
    const before = proxy.writes.length
    expect((await applyIfChanged(client, configMaps, declared({ one: '1' }), without.object, options)).changed).toBe(
      false,
    )
    expect(proxy.writes).toHaveLength(before)
  })

  test('does not apply again what the API server spells in a way that we cannot compare', async () => {
    // times are normalised, and our comparison knows nothing of them
    const lease = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true }
    const declared = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name: 'a' },
      spec: { renewTime: '2026-01-01T02:00:00.000000+02:00' },
    }
    const { object } = await applyIfChanged(client, lease, declared, undefined, options)
    await applyIfChanged(client, lease, declared, object, options)
    expect(proxy.writes).toHaveLength(1)
  })
})

describe('applyStatus', () => {
  type WithStatus = StatefulSet & { readonly status?: object }
  const withStatus: Resource<WithStatus> = statefulSets
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: 'Up',
    message: 'It works.',
    observedGeneration: 1,
  } as const

  test('writes a status when it differs, and removes what it no longer says', async () => {
    const { object } = await applyIfChanged<WithStatus>(client, statefulSets, statefulSet(), undefined, options)
    const status = { replicas: 1, readyReplicas: 1 }
    const first = await applyStatus(client, withStatus, object, status, 'status')
    expect(first.changed).toBe(true)
    expect(first.object.status).toMatchObject(status)
    const again = await applyStatus(client, withStatus, first.object, status, 'status')
    expect(again.changed).toBe(false)
    const second = await applyStatus(client, withStatus, first.object, { replicas: 1 }, 'status')
    expect(second.object.status).not.toHaveProperty('readyReplicas')
    expect(proxy.writes.map(({ subresource }) => subresource)).toEqual(['', 'status', 'status'])
  })

  test('of several writers leaves each its part, and removes what one stops saying', async () => {
    const { object } = await applyIfChanged<WithStatus>(client, statefulSets, statefulSet(), undefined, options)
    const write = (current: WithStatus, status: object, manager: string) =>
      applyStatus(client, withStatus, current, status, manager, { shared: true })
    const one = await write(object, { replicas: 1, readyReplicas: 1 }, 'one')
    const two = await write(one.object, { currentReplicas: 1 }, 'two')
    expect(two.object.status).toMatchObject({ readyReplicas: 1, currentReplicas: 1 })
    expect((await write(two.object, { replicas: 1, readyReplicas: 1 }, 'one')).changed).toBe(false)
    const less = await write(two.object, { replicas: 1 }, 'one')
    expect(less.object.status).not.toHaveProperty('readyReplicas')
    expect(less.object.status).toMatchObject({ currentReplicas: 1 })
  })

  test('of several writers removes what a process before it has left inside of a field', async () => {
    const spec = { type: 'LoadBalancer' as const, ports: [{ port: 80 }] }
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { namespace, name: 'web' }, spec }
    const { object } = await applyIfChanged<ServiceWithStatus>(client, servicesWithStatus, service, undefined, options)
    const write = (by: ApiClient, current: ServiceWithStatus, ...ingress: readonly object[]) =>
      applyStatus(by, servicesWithStatus, current, { loadBalancer: { ingress } }, 'one', { shared: true })
    const withPorts = { hostname: 'web.test', ports: [{ port: 8080, protocol: 'TCP' }] }
    const first = await write(client, object, withPorts)
    const successor = clientOf(server.kubeconfig)
    const same = await write(successor, first.object, withPorts)
    expect(same.changed).toBe(false)
    const less = await write(successor, first.object, { hostname: 'web.test' })
    expect(less.object.status).toMatchObject({ loadBalancer: { ingress: [{ hostname: 'web.test' }] } })
    expect(JSON.stringify(less.object.status)).not.toContain('8080')
  })

  test('refuses to record a decision on an object that has moved on', async () => {
    const { object } = await applyIfChanged(client, statefulSets, statefulSet(), undefined, options)
    await client.patch(statefulSets, { namespace, name: 'web' }, { metadata: { labels: { moved: 'on' } } })
    const decision = applyStatus(client, statefulSets, object, { replicas: 1 }, 'status', { ifUnchanged: true })
    await expect(decision).rejects.toMatchObject({ kind: 'conflict' })
  })

  test('keeps the time of a condition while its status stays', () => {
    const [then, later] = [new Date('2026-01-01T00:00:00.123Z'), new Date('2026-01-02T00:00:00Z')]
    const first = setCondition(undefined, condition, then)
    expect(first).toEqual([{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }])
    const reworded = setCondition(first, { ...condition, message: 'Still.' }, later)
    expect(reworded).toEqual([{ ...condition, message: 'Still.', lastTransitionTime: '2026-01-01T00:00:00Z' }])
    const turned = setCondition(reworded, { ...condition, status: 'False' }, later)
    expect(turned[0]?.lastTransitionTime).toBe('2026-01-02T00:00:00Z')
  })
})
