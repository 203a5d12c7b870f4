import { ApiError } from './errors.ts'
import type { KubernetesObject, Resource } from './objects.ts'

export interface PathOptions {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
}

/** One segment of a path; refuses what could lead to another object than the one meant. */
const segment = (value: string, what: string): string => {
  if (value === '' || value === '.' || value === '..' || /[/%\\?#\s]/.test(value)) {
    throw new ApiError(`${what} "${value}" is no name of an object`, { kind: 'invalid', status: 0 })
  }
  return encodeURIComponent(value)
}

/** The path of a collection, an object or its subresource, below the API server's root. */
export const resourcePath = <T extends KubernetesObject>(resource: Resource<T>, options: PathOptions): string => {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
  const parts = [root]
  if (resource.namespaced && options.namespace !== undefined) {
    parts.push('namespaces', segment(options.namespace, 'namespace'))
  } else if (resource.namespaced && options.name !== undefined) {
    throw new ApiError(`${resource.kind} ${options.name}: a namespace is missing`, { kind: 'invalid', status: 0 })
  }
  parts.push(resource.plural)
  if (options.name !== undefined) parts.push(segment(options.name, 'name'))
  if (options.subresource !== undefined) parts.push(segment(options.subresource, 'subresource'))
  return parts.join('/')
}

/** `statefulsets.apps`, as kubectl writes a kind; for messages and labels of metrics. */
export const resourceLabel = (resource: { readonly group: string; readonly plural: string }): string =>
  resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`
