import { createHash } from 'node:crypto'
import type { ReadSessionStore } from '../../api/resources.ts'
import { statefulSets, type StatefulSet } from '../../kubernetes/kinds.ts'
import { aclPath, dataPath, port, startSettings } from '../../redis/config.ts'
import { probeUser } from '../../redis/acl.ts'
import type { ResolvedEngine } from '../engines.ts'
import { labels, objectNames, ownedMetadata, rollHashAnnotation, selectorLabels, storeName } from '../names.ts'
import { configKey } from './config-map.ts'
import type { Desired } from './desired.ts'
import { ephemeralStorageBytes, memoryLimitBytes } from './memory.ts'

/** The user and group of the official images of Redis and Valkey (999 in Debian's, and any other works as well). */
const userId = 999
const serverContainer = 'redis'

const securityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
}

const aclDirectory = aclPath.slice(0, aclPath.lastIndexOf('/'))
const aclSource = '/acl-source'

/** The engine's own client as the probe user, who needs no password. `-e` makes an error reply a failure. */
const ping = (engine: ResolvedEngine): string =>
  `${engine.type === 'Valkey' ? 'valkey-cli' : 'redis-cli'} -e --no-auth-warning --user ${probeUser} --pass none -p ${port} ping`

const shell = (script: string) => ({ exec: { command: ['sh', '-c', script] } })

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)}Mi`

/** Resources of the Redis container. Memory is its limit and its request: it is counted on, and never over-committed. */
export const resources = (store: ReadSessionStore, maxmemoryBytes: number) => {
  const appendOnly = store.spec.persistence.mode === 'AppendOnly'
  const memory = mebibytes(memoryLimitBytes(maxmemoryBytes, appendOnly))
  const { cpuRequest, cpuLimit } = store.spec.pod.resources
  const storage = mebibytes(ephemeralStorageBytes(maxmemoryBytes, appendOnly))
  return {
    requests: { cpu: cpuRequest, memory, 'ephemeral-storage': storage },
    limits: { memory, ...(cpuLimit === undefined ? {} : { cpu: cpuLimit }) },
  }
}

const podSpec = (store: ReadSessionStore, engine: ResolvedEngine, maxmemoryBytes: number) => {
  const names = objectNames(storeName(store))
  const { nodeSelector, tolerations, affinity, topologySpreadConstraints, priorityClassName, imagePullSecrets } =
    store.spec.pod
  const containerResources = resources(store, maxmemoryBytes)
  return {
    ...(nodeSelector ? { nodeSelector } : {}),
    ...(tolerations ? { tolerations } : {}),
    ...(affinity ? { affinity } : {}),
    ...(topologySpreadConstraints ? { topologySpreadConstraints } : {}),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(imagePullSecrets ? { imagePullSecrets } : {}),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 30,
    securityContext: {
      runAsUser: userId,
      runAsGroup: userId,
      fsGroup: userId,
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    initContainers: [
      {
        name: 'acl',
        image: engine.image,
        // Redis must be able to write the file (`ACL SAVE`), and a Secret's volume is read-only.
        command: ['cp', `${aclSource}/users.acl`, aclPath],
        securityContext,
        resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '32Mi' } },
        volumeMounts: [
          { name: 'acl-source', mountPath: aclSource, readOnly: true },
          { name: 'acl', mountPath: aclDirectory },
        ],
      },
    ],
    containers: [
      {
        name: serverContainer,
        image: engine.image,
        command: [engine.type === 'Valkey' ? 'valkey-server' : 'redis-server', `/config/${configKey}`],
        ports: [{ name: 'redis', containerPort: port, protocol: 'TCP' }],
        securityContext,
        resources: containerResources,
        // A process that still reads its append-only file is alive (LOADING); one that does not answer at all is not.
        startupProbe: {
          ...shell(`${ping(engine)} || ${ping(engine)} 2>&1 | grep -q LOADING`),
          periodSeconds: 1,
          timeoutSeconds: 2,
          failureThreshold: 60,
        },
        readinessProbe: { ...shell(ping(engine)), periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 },
        livenessProbe: {
          ...shell(`${ping(engine)} || ${ping(engine)} 2>&1 | grep -q -e LOADING -e BUSY -e MASTERDOWN`),
          periodSeconds: 10,
          timeoutSeconds: 5,
          failureThreshold: 6,
        },
        volumeMounts: [
          { name: 'config', mountPath: '/config', readOnly: true },
          { name: 'acl', mountPath: aclDirectory },
          { name: 'data', mountPath: dataPath },
        ],
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: names.config } },
      { name: 'acl-source', secret: { secretName: names.acl, items: [{ key: 'users.acl', path: 'users.acl' }] } },
      { name: 'acl', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      { name: 'data', emptyDir: {} },
    ],
  }
}

/**
 * A hash of what a running pod cannot take on: the image, the settings that hold from start to end, and the pod's own shape.
 * Memory, eviction, persistence, clients and the ACL are live, and not in it. An upgrade of the operator must not change it for the same
 * spec: the golden test says when it does.
 */
export const rollHash = (store: ReadSessionStore, engine: ResolvedEngine): string => {
  const { initContainers, containers, ...pod } = podSpec(store, engine, 0)
  const shape = {
    pod,
    initContainers,
    containers: containers.map(({ resources: _live, ...container }) => container),
    cpu: store.spec.pod.resources,
    labels: store.spec.pod.labels ?? {},
    annotations: store.spec.pod.annotations ?? {},
    settings: startSettings(),
  }
  return createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 16)
}

/** The StatefulSet of a Standalone store. `OnDelete`: a changed template replaces no pod; the operator decides who restarts, and when. */
export const statefulSet = (
  store: ReadSessionStore,
  engine: ResolvedEngine,
  maxmemoryBytes: number,
): Desired<StatefulSet> => {
  const names = objectNames(storeName(store))
  return {
    resource: statefulSets,
    object: {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: ownedMetadata(store, names.statefulSet),
      spec: {
        replicas: 1,
        serviceName: names.headlessService,
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'OnDelete' },
        selector: { matchLabels: selectorLabels(store) },
        template: {
          metadata: {
            labels: { ...store.spec.pod.labels, ...labels(store) },
            annotations: { ...store.spec.pod.annotations, [rollHashAnnotation]: rollHash(store, engine) },
          },
          spec: podSpec(store, engine, maxmemoryBytes),
        },
      },
    },
  }
}
