import { sessionStoreSpec } from '../api/session-store.ts'
import type { ReadSessionStore, SessionStore } from '../api/resources.ts'

/** Reads a SessionStore and fills in what an older CRD did not. A string says which field does not hold. */
export const readStore = (object: SessionStore): ReadSessionStore | string => {
  const spec = sessionStoreSpec.safeParse(object.spec)
  if (spec.success) return { ...object, spec: spec.data }
  const [issue] = spec.error.issues
  return `spec.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not valid'}. Correct the SessionStore; its Redis is left as it is meanwhile.`
}
