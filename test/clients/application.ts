import type { PresetName } from '../../src/sessions/presets.ts'
import type { Image } from '../cluster/images/make-image.ts'
import type { Log } from '../cluster/tools/build-go-program.ts'
import type { Suite } from '../e2e/suite.ts'
import { AppUsers } from './driver.ts'
import { expressImage, expressTag, railsImage, railsTag } from './images.ts'
import { reach } from './reach.ts'

export type Framework = 'express' | 'rails' | 'rails-cache'

interface Kind {
  readonly preset: PresetName
  readonly image: string
  readonly make: (log: Log) => Promise<Image>
  readonly env?: Readonly<Record<string, string>>
}

/** What a framework's session library is called in a SessionStore, and its application's image. */
export const frameworks: Readonly<Record<Framework, Kind>> = {
  express: { preset: 'express', image: expressTag, make: expressImage },
  rails: { preset: 'rails-redis-store', image: railsTag, make: railsImage },
  'rails-cache': { preset: 'rails-cache-store', image: railsTag, make: railsImage, env: { STORE: 'cache' } },
}

/** Brings the applications' images to the cluster. */
export const loadApplications = async ({ cluster }: Pick<Suite, 'cluster'>): Promise<void> => {
  for (const { make } of Object.values(frameworks)) await cluster.loadImage((await make(console.log)).archive)
}

export interface ApplicationOptions {
  readonly framework: Framework
  /** Name of the store; the application is its client `web`, and its objects are called after both. */
  readonly store: string
  readonly env?: Readonly<Record<string, string>>
}

/** One pod of an application that keeps its sessions in the store, and a Service in front; resolves when it serves. */
export const deploy = async (suite: Suite, { framework, store, env = {} }: ApplicationOptions): Promise<AppUsers> => {
  const { objects, namespace } = suite
  const name = `${store}-app`
  // The label that the store's client is admitted by, and one of its own.
  const labels = { app: 'web', instance: name }
  const restricted = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } }
  const container = {
    name: 'app',
    image: frameworks[framework].image,
    imagePullPolicy: 'IfNotPresent',
    env: Object.entries({ ...frameworks[framework].env, ...env }).map(([key, value]) => ({ name: key, value })),
    readinessProbe: { httpGet: { path: '/healthz', port: 3000 }, periodSeconds: 1 },
    securityContext: restricted,
    volumeMounts: [{ name: 'sessions', mountPath: '/bindings/sessions', readOnly: true }],
  }
  const pod = {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [container],
    volumes: [{ name: 'sessions', secret: { secretName: `${store}-web` } }],
  }
  await objects.apply(
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace },
      spec: { selector: { matchLabels: { instance: name } }, template: { metadata: { labels }, spec: pod } },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { type: 'NodePort', selector: { instance: name }, ports: [{ port: 80, targetPort: 3000 }] },
    },
  )
  return await untilServing(suite, name)
}

/** Has an application's pods begin anew; resolves with its users when it serves. */
export const restart = async (suite: Suite, store: string): Promise<AppUsers> => {
  await suite.objects.run(['rollout', 'restart', `deployment/${store}-app`, '-n', suite.namespace])
  return await untilServing(suite, `${store}-app`)
}

const untilServing = async ({ cluster, objects, namespace }: Suite, name: string): Promise<AppUsers> => {
  await objects.run(['rollout', 'status', `deployment/${name}`, '-n', namespace, '--timeout=90s'])
  return new AppUsers(await reach(cluster, objects.kubectl, namespace, name))
}
