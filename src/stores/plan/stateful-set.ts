import { createHash } from 'node:crypto'
import type { ReadSessionStore } from '../../api/resources.ts'
import { statefulSets, type StatefulSet } from '../../kubernetes/kinds.ts'
import { aclPath, dataPath, port, socketPath, startSettings, tlsDirectory, tlsPort } from '../../redis/config.ts'
import { stampLibrary, stampPrefix } from '../../redis/stamp.ts'
import { probeUser } from '../../redis/acl.ts'
import type { ResolvedEngine } from '../engines.ts'
import {
  labels,
  objectNames,
  ownedMetadata,
  rollHashAnnotation,
  selectorLabels,
  storeName,
  storeUid,
} from '../names.ts'
import { isReplicated } from '../topology/replicas.ts'
import { tlsVolume, wantsTls } from '../tls/speaks-tls.ts'
import { hasClaims, volumeName } from './claim.ts'
import { configKey, tlsConfigKey } from './config-map.ts'
import type { Desired } from './desired.ts'
import { ephemeralStorageBytes, memoryLimitBytes } from './memory.ts'

/** The user and group of the official images of Redis and Valkey (999 in Debian's, and any other works as well). */
const userId = 999
/** The container that Redis runs in. */
export const serverContainer = 'redis'
/** The init container that refuses a volume. */
export const ownerCheckContainer = 'volume'

const securityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
}

const aclDirectory = aclPath.slice(0, aclPath.lastIndexOf('/'))
const socketDirectory = socketPath.slice(0, socketPath.lastIndexOf('/'))
const aclSource = '/acl-source'
/** Beside the ACL file: the number of the last deletion of a flush. Data with a smaller one is from before it. */
export const revocationKey = 'revocation'

/**
 * Begins with the files that the configuration names, and with no other: those of a mode of before hold sessions that have ended since, and Redis would read an
 * old snapshot whatever the configuration says of new ones. What a process was writing when it was killed nobody would ever delete.
 */
const start = (engine: ResolvedEngine, config: string): string =>
  [
    `cd ${dataPath}`,
    'rm -f temp-*',
    `grep -q -x 'appendonly no' ${config} && rm -rf appendonlydir`,
    `grep -q -x 'save ""' ${config} && rm -f dump.rdb`,
    `exec ${engine.type === 'Valkey' ? 'valkey-server' : 'redis-server'} ${config}`,
  ].join('\n')

/**
 * A volume may come from anywhere: of a store that had the name before, out of a backup. Redis reads it only when it is empty, or this very store
 * has written it. A file system's own directory is no data.
 */
const checkOwner = (store: ReadSessionStore): string =>
  [
    'set -e',
    `cd ${dataPath}`,
    'if [ -s owner ]; then',
    `  [ "$(cat owner)" = ${storeUid(store)} ] || { echo "it holds the sessions of another SessionStore, whose UID was $(cat owner)" >&2; exit 1; }`,
    'elif [ -n "$(ls -A | grep -v -x -e lost+found -e owner -e owner.new)" ]; then',
    '  echo "there is something on it that this SessionStore has not written" >&2; exit 1',
    'else',
    `  echo ${storeUid(store)} > owner.new && sync && mv owner.new owner`,
    'fi',
  ].join('\n')

/** The engine's own client as the probe user, who needs no password. `-e` makes an error reply a failure. */
const cli = (engine: ResolvedEngine): string =>
  `${engine.type === 'Valkey' ? 'valkey-cli' : 'redis-cli'} -e --no-auth-warning --user ${probeUser} --pass none -s ${socketPath}`

const ping = (engine: ResolvedEngine): string => `${cli(engine)} ping`

/** True when the data is not from before the last deletion of a flush: then it holds sessions that were revoked, and nobody may read it. */
const isCurrent = (engine: ResolvedEngine): string =>
  `n=$(${cli(engine)} function list libraryname ${stampLibrary} | sed -n 's/^${stampPrefix}//p') && [ "\${n:-0}" -ge "$(cat ${aclSource}/${revocationKey})" ]`

/** True of a primary, and of a replica whose link is up and that has the whole data: `ROLE` says `connected` (src/replication.c, roleCommand). */
const follows = (engine: ResolvedEngine): string => `${cli(engine)} role | grep -q -x -e master -e connected`

const startup = { periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 60 }
const readiness = { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 }
const liveness = { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }

const probesAlone = (engine: ResolvedEngine, claims: boolean) => ({
  // A process that still reads its append-only file is alive (LOADING); one that does not answer at all is not.
  startupProbe: { ...shell(`${ping(engine)} || ${ping(engine)} 2>&1 | grep -q LOADING`), ...startup },
  // With a full disk it answers this to everything that might write, and can still be read.
  readinessProbe: {
    ...shell(
      `{ ${ping(engine)} || ${ping(engine)} 2>&1 | grep -q MISCONF; }${claims ? ` && ${isCurrent(engine)}` : ''}`,
    ),
    ...readiness,
  },
  livenessProbe: {
    ...shell(`${ping(engine)} || ${ping(engine)} 2>&1 | grep -q -e LOADING -e BUSY -e MASTERDOWN -e MISCONF`),
    ...liveness,
  },
})

/** `ROLE` is answered while data is loaded, and by a node that has no primary yet; `PING` then is not. */
const probesOfNode = (engine: ResolvedEngine) => ({
  startupProbe: { ...shell(`${cli(engine)} role`), ...startup },
  readinessProbe: { ...shell(follows(engine)), ...readiness },
  livenessProbe: { ...shell(`${cli(engine)} role || ${cli(engine)} role 2>&1 | grep -q BUSY`), ...liveness },
})

/** Time between the deletion of a pod and the end of its Redis, in s. A hand-over takes less than one. */
const drainSeconds = 5

const shell = (script: string) => ({ exec: { command: ['sh', '-c', script] } })

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)}Mi`

/**
 * Unless the spec says otherwise, pods keep away from each other's nodes and zones: no more than a wish, so that a small cluster runs all of them. Not two
 * spread constraints: nodes that lack one of the keys are left out of the scoring of both (podtopologyspread/scoring.go, `requireAllTopologies`).
 */
const spread = (store: ReadSessionStore): { topologySpreadConstraints?: readonly object[]; affinity?: object } => {
  const { topologySpreadConstraints, affinity } = store.spec.pod
  const given = {
    ...(affinity ? { affinity } : {}),
    ...(topologySpreadConstraints ? { topologySpreadConstraints } : {}),
  }
  if (!isReplicated(store)) return given
  const labelSelector = { matchLabels: selectorLabels(store) }
  const apart = {
    weight: 50,
    podAffinityTerm: { topologyKey: 'topology.kubernetes.io/zone', labelSelector },
  }
  return {
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector },
    ],
    affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [apart] } },
    ...given,
  }
}

/** Resources of the Redis container. Memory is its limit and its request: it is counted on, and never over-committed. */
export const resources = (store: ReadSessionStore, maxmemoryBytes: number) => {
  const shape = { mode: store.spec.persistence.mode, replicated: isReplicated(store) }
  const memory = mebibytes(memoryLimitBytes(maxmemoryBytes, shape))
  const { cpuRequest, cpuLimit } = store.spec.pod.resources
  const storage = mebibytes(ephemeralStorageBytes(maxmemoryBytes, shape, hasClaims(store)))
  return {
    requests: { cpu: cpuRequest, memory, 'ephemeral-storage': storage },
    limits: { memory, ...(cpuLimit === undefined ? {} : { cpu: cpuLimit }) },
  }
}

const podSpec = (store: ReadSessionStore, engine: ResolvedEngine, maxmemoryBytes: number) => {
  const names = objectNames(storeName(store))
  const { nodeSelector, tolerations, priorityClassName, imagePullSecrets } = store.spec.pod
  const replicated = isReplicated(store)
  const tls = wantsTls(store)
  const claims = hasClaims(store)
  const containerResources = resources(store, maxmemoryBytes)
  return {
    ...(nodeSelector ? { nodeSelector } : {}),
    ...(tolerations ? { tolerations } : {}),
    ...spread(store),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(imagePullSecrets ? { imagePullSecrets } : {}),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // The last snapshot, or the end of the file, goes to the disk in this time.
    terminationGracePeriodSeconds: claims ? 120 : 30,
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
      ...(claims ? [ownerCheck(store, engine)] : []),
    ],
    containers: [
      {
        name: serverContainer,
        image: engine.image,
        command: ['sh', '-c', start(engine, `/config/${tls ? tlsConfigKey : configKey}`)],
        ports: [
          { name: 'redis', containerPort: port, protocol: 'TCP' },
          ...(tls ? [{ name: 'redis-tls', containerPort: tlsPort, protocol: 'TCP' }] : []),
        ],
        securityContext,
        resources: containerResources,
        ...(replicated ? probesOfNode(engine) : probesAlone(engine, claims)),
        // A primary that is drained hands over in this time: the operator sees its pod's deletion, and Redis goes on serving.
        ...(replicated ? { lifecycle: { preStop: { sleep: { seconds: drainSeconds } } } } : {}),
        volumeMounts: [
          { name: 'config', mountPath: '/config', readOnly: true },
          { name: 'acl', mountPath: aclDirectory },
          { name: volumeName, mountPath: dataPath },
          // Followed while the server runs, which the init container's copy is not.
          ...(claims && !replicated ? [{ name: 'acl-source', mountPath: aclSource, readOnly: true }] : []),
          { name: 'run', mountPath: socketDirectory },
          ...(tls ? [{ name: tlsVolume, mountPath: tlsDirectory, readOnly: true }] : []),
        ],
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: names.config } },
      {
        name: 'acl-source',
        secret: {
          secretName: names.acl,
          items: ['users.acl', ...(claims ? [revocationKey] : [])].map((key) => ({ key, path: key })),
        },
      },
      { name: 'acl', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      ...(claims ? [] : [{ name: volumeName, emptyDir: {} }]),
      { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      ...(tls ? [{ name: tlsVolume, secret: { secretName: names.tls } }] : []),
    ],
  }
}

const ownerCheck = (store: ReadSessionStore, engine: ResolvedEngine) => ({
  name: ownerCheckContainer,
  image: engine.image,
  command: ['sh', '-c', checkOwner(store)],
  securityContext,
  terminationMessagePolicy: 'FallbackToLogsOnError',
  resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '32Mi' } },
  volumeMounts: [{ name: volumeName, mountPath: dataPath }],
})

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
    settings: startSettings(isReplicated(store), wantsTls(store)),
  }
  return createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 16)
}

/** The StatefulSet of a store. `OnDelete`: a changed template replaces no pod; the operator decides who restarts, and when. */
export const statefulSet = (
  store: ReadSessionStore,
  engine: ResolvedEngine,
  maxmemoryBytes: number,
  replicas: number,
  /** What claims are made from; undefined where pods have none. */
  volumeClaimTemplate?: object,
): Desired<StatefulSet> => {
  const names = objectNames(storeName(store))
  return {
    resource: statefulSets,
    object: {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: ownedMetadata(store, names.statefulSet),
      spec: {
        replicas,
        serviceName: names.headlessService,
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'OnDelete' },
        selector: { matchLabels: selectorLabels(store) },
        ...(volumeClaimTemplate ? { volumeClaimTemplates: [volumeClaimTemplate] } : {}),
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
