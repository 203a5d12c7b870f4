import type { KubernetesObject } from './objects.ts'

/** The object without `metadata.managedFields`, which nobody here reads and which is often half of it. */
export const withoutManagedFields = <T extends KubernetesObject>(object: T): T => {
  if (!object.metadata || !('managedFields' in object.metadata)) return object
  const { managedFields: _, ...metadata } = object.metadata as T['metadata'] & { managedFields?: unknown }
  return { ...object, metadata }
}

/** Freezes all of a JSON value, so that no reader of a cache can change what others read. */
export const deepFreeze = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const child of Object.values(value)) deepFreeze(child)
  return Object.freeze(value)
}

/**
 * Compares two resource versions of one resource: negative when `left` is older. They are integers that only grow, of
 * any length (KEP-5504, stable in Kubernetes 1.35; etcd's revision before that). Undefined when one is no integer, as
 * an aggregated API server may have it: then only the order of events tells.
 */
export const compareResourceVersions = (left: string | undefined, right: string | undefined): number | undefined => {
  if (left === undefined || right === undefined || !/^[1-9]\d*$/.test(left) || !/^[1-9]\d*$/.test(right)) {
    return undefined
  }
  if (left.length !== right.length) return left.length - right.length
  return left === right ? 0 : left < right ? -1 : 1
}
