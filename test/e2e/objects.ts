import { waitUntil } from '../cluster/wait-until.ts'
import type { As, Kubectl } from './kubectl.ts'

/** Any object, as JSON. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid?: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly creationTimestamp?: string
    readonly deletionTimestamp?: string
    readonly finalizers?: readonly string[]
  }
  readonly [key: string]: unknown
}

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
}

/** One object after another, by what a person types. */
export class Objects {
  readonly kubectl: Kubectl
  readonly #as: As | undefined

  constructor(kubectl: Kubectl, as?: As) {
    this.kubectl = kubectl
    this.#as = as
  }

  /** The same as somebody else. */
  as(user: string, ...groups: readonly string[]): Objects {
    return new Objects(this.kubectl, { user, groups })
  }

  async run(args: readonly string[], input?: string): Promise<string> {
    return await this.kubectl.run(args, {
      ...(this.#as ? { as: this.#as } : {}),
      ...(input === undefined ? {} : { input }),
    })
  }

  async apply(...objects: readonly object[]): Promise<void> {
    await this.run(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
  }

  /** Creates one object; resolves with what the API server made of it. */
  async create(object: object): Promise<KubeObject> {
    return JSON.parse(await this.run(['create', '-o', 'json', '-f', '-'], JSON.stringify(object))) as KubeObject
  }

  async get(kind: string, name: string, namespace: string): Promise<KubeObject> {
    return JSON.parse(await this.run(['get', kind, name, '-n', namespace, '-o', 'json'])) as KubeObject
  }

  async list(kind: string, namespace: string, ...args: readonly string[]): Promise<readonly KubeObject[]> {
    const list = JSON.parse(await this.run(['get', kind, '-n', namespace, '-o', 'json', ...args])) as {
      items: KubeObject[]
    }
    return list.items
  }

  async patch(kind: string, name: string, namespace: string, patch: object): Promise<void> {
    await this.run(['patch', kind, name, '-n', namespace, '--type=merge', '-p', JSON.stringify(patch)])
  }

  async delete(kind: string, name: string, namespace: string, ...args: readonly string[]): Promise<void> {
    await this.run(['delete', kind, name, '-n', namespace, '--ignore-not-found', ...args])
  }

  /** Waits until an object is as the predicate wants it; the error tells how it was last. */
  async until(
    kind: string,
    name: string,
    namespace: string,
    what: string,
    holds: (object: KubeObject) => boolean,
    timeoutMs = 60_000,
  ): Promise<KubeObject> {
    let last: KubeObject | undefined
    try {
      return await waitUntil(
        `${kind} ${namespace}/${name}: ${what}`,
        async () => {
          last = await this.get(kind, name, namespace)
          return holds(last) ? last : undefined
        },
        { timeoutMs, intervalMs: 100 },
      )
    } catch (error) {
      throw new Error(`${String(error)}; last seen: ${JSON.stringify(last?.['status'], undefined, 1)}`, {
        cause: error,
      })
    }
  }
}

export const conditionOf = (object: KubeObject, type: string): Condition | undefined =>
  (object['status'] as { conditions?: readonly Condition[] } | undefined)?.conditions?.find(
    (each) => each.type === type,
  )

export const isTrue = (object: KubeObject, type: string): boolean => conditionOf(object, type)?.status === 'True'

/** True when the operator has looked at the newest spec. */
export const isCurrent = (object: KubeObject): boolean => {
  const { generation } = object.metadata as { generation?: number }
  return (object['status'] as { observedGeneration?: number } | undefined)?.observedGeneration === generation
}

/** The fields of a Secret, decoded. */
export const secretData = (secret: KubeObject): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries((secret['data'] ?? {}) as Record<string, string>).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString(),
    ]),
  )
