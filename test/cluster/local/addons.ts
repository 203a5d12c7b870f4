import { join } from 'node:path'
import { coreDnsTag, provisionerTag } from '../images/catalog.ts'
import type { Layout } from './layout.ts'

type Manifest = Readonly<Record<string, unknown>>

const system = 'kube-system'

const meta = (name: string, labels: Readonly<Record<string, string>> = {}): Manifest => ({
  name,
  namespace: system,
  labels,
})

const serviceAccount = (name: string): Manifest => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta(name) })

const clusterRole = (name: string, rules: readonly Manifest[]): readonly Manifest[] => [
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: system }],
  },
]

const configMap = (name: string, data: Readonly<Record<string, string>>): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: meta(name),
  data,
})

const deployment = (
  name: string,
  labels: Readonly<Record<string, string>>,
  pod: Manifest,
  replicas: number,
): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: meta(name, labels),
  spec: {
    replicas,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { serviceAccountName: name, priorityClassName: 'system-cluster-critical', ...pod },
    },
  },
})

const dns = ({ dnsIp, nodes }: Layout): readonly Manifest[] => {
  const labels = { 'k8s-app': 'kube-dns' }
  return [
    serviceAccount('coredns'),
    ...clusterRole('coredns', [
      { apiGroups: [''], resources: ['services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ]),
    configMap('coredns', {
      // no `forward`: names outside the cluster do not exist for its pods. TTL and denial are short: tests wait for names
      Corefile: `.:53 {
  errors
  health
  ready
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    pods insecure
    ttl 5
  }
  cache {
    success 9984 5
    denial 9984 1
  }
  loadbalance
}
`,
    }),
    deployment(
      'coredns',
      labels,
      {
        dnsPolicy: 'Default',
        containers: [
          {
            name: 'coredns',
            image: coreDnsTag,
            args: ['-conf', '/etc/coredns/Corefile'],
            ports: [
              { name: 'dns', containerPort: 53, protocol: 'UDP' },
              { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
            ],
            readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1 },
            volumeMounts: [{ name: 'config', mountPath: '/etc/coredns' }],
          },
        ],
        volumes: [{ name: 'config', configMap: { name: 'coredns' } }],
        tolerations: [{ operator: 'Exists', effect: 'NoExecute' }],
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchLabels: labels },
          },
        ],
      },
      Math.min(nodes.length, 2),
    ),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta('kube-dns', labels),
      spec: {
        clusterIP: dnsIp,
        selector: labels,
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP' },
          { name: 'dns-tcp', port: 53, protocol: 'TCP' },
        ],
      },
    },
  ]
}

const storage = ({ nodes }: Layout): readonly Manifest[] => {
  const name = 'local-path-provisioner'
  const helper = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'helper-pod' },
    spec: {
      containers: [
        {
          name: 'helper-pod',
          image: 'docker.io/library/redis:8.0', // for its shell
          imagePullPolicy: 'IfNotPresent',
          securityContext: { runAsUser: 0 },
        },
      ],
    },
  }
  return [
    serviceAccount(name),
    ...clusterRole(name, [
      {
        apiGroups: [''],
        resources: ['nodes', 'persistentvolumeclaims', 'configmaps', 'pods', 'pods/log'],
        verbs: ['get', 'list', 'watch'],
      },
      {
        apiGroups: [''],
        resources: ['pods', 'persistentvolumes', 'endpoints'],
        verbs: ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete'],
      },
      { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
      { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['*'] },
    ]),
    configMap('local-path-config', {
      'config.json': JSON.stringify({
        nodePathMap: nodes.map((node) => ({ node: node.name, paths: [join(node.state, 'volumes')] })),
      }),
      setup: '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
      teardown: '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
      'helperPod.yaml': JSON.stringify(helper),
    }),
    deployment(
      name,
      { app: name },
      {
        containers: [
          {
            name,
            image: provisionerTag,
            args: [
              'start',
              '--config',
              '/etc/config/config.json',
              '--configmap-name',
              'local-path-config',
              '--service-account-name',
              name,
            ],
            env: [{ name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }],
            volumeMounts: [{ name: 'config', mountPath: '/etc/config' }],
          },
        ],
        volumes: [{ name: 'config', configMap: { name: 'local-path-config' } }],
      },
      1,
    ),
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'rancher.io/local-path',
      volumeBindingMode: 'WaitForFirstConsumer',
      reclaimPolicy: 'Delete',
    },
  ]
}

/** DNS and storage, as one list that `kubectl apply` takes. */
export const addons = (layout: Layout): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...dns(layout), ...storage(layout)] })
