import { parseAllDocuments } from 'yaml'
import { chart, helm, output } from './install.ts'

export interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly rules?: readonly Rule[]
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: unknown
}

/** What a cluster that stamps requesters serves. */
export const stamping = ['--api-versions', 'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy']

/** The chart rendered into the namespace `ops`, with these further arguments of `helm template`. */
export const render = async (...args: readonly string[]): Promise<readonly Manifest[]> =>
  parseAllDocuments(
    await output(helm(undefined, 'template', 'session-store-operator', chart, '--namespace=ops', ...args)),
  ).flatMap((document) => {
    const [error] = document.errors
    if (error) throw error
    const manifest = document.toJS() as Manifest | null
    return manifest === null ? [] : [manifest]
  })

/** The only one of its kind. */
export const only = (manifests: readonly Manifest[], kind: string): Manifest => {
  const [found, ...others] = manifests.filter((manifest) => manifest.kind === kind)
  if (!found || others.length > 0) throw new Error(`${others.length + (found ? 1 : 0)} of ${kind}, not one`)
  return found
}

/** `Kind/name`, with the namespace before it where there is one. */
export const namesOf = (manifests: readonly Manifest[], ...kinds: readonly string[]): readonly string[] =>
  manifests
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ kind, metadata: { name, namespace } }) => `${namespace ? `${namespace}/` : ''}${kind}/${name}`)
    .toSorted()

export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> }
  readonly spec: {
    readonly containers: readonly [{ readonly image: string; readonly args: readonly string[] }]
    readonly serviceAccountName: string
    readonly priorityClassName?: string
    readonly imagePullSecrets?: readonly unknown[]
  }
}

/** The operator's pod as its Deployment makes it. */
export const podTemplate = (manifests: readonly Manifest[]): PodTemplate =>
  (only(manifests, 'Deployment').spec as { readonly template: PodTemplate }).template
