import { flushSessions, group, type FlushSessions, type ReadFlushSessions } from '../api/resources.ts'
import type { Client } from '../kubernetes/client.ts'
import { isApiError } from '../kubernetes/errors.ts'
import { nameOf } from '../kubernetes/objects.ts'

/** Held only while a fence may be up: deleting the object must lift it first. */
const finalizer = `${group}/fence`

/** Puts the finalizer on, once. Resolves with the object as it is then. */
export const ensureFinalizer = async (
  client: Client,
  object: ReadFlushSessions,
  signal: AbortSignal,
): Promise<FlushSessions> =>
  await change(
    client,
    object,
    (finalizers) => (finalizers.includes(finalizer) ? finalizers : [...finalizers, finalizer]),
    signal,
  )

/** Takes it off again; an object that is gone has none. */
export const removeFinalizer = async (
  client: Client,
  object: ReadFlushSessions,
  signal: AbortSignal,
): Promise<void> => {
  try {
    await change(client, object, (finalizers) => finalizers.filter((name) => name !== finalizer), signal)
  } catch (error) {
    if (!isApiError(error, 'notFound')) throw error
  }
}

/** Reads live and writes what was read: others have finalizers too, and theirs must stay. */
const change = async (
  client: Client,
  object: ReadFlushSessions,
  edit: (finalizers: readonly string[]) => readonly string[],
  signal: AbortSignal,
): Promise<FlushSessions> => {
  const current = await client.get(flushSessions, nameOf(object), { signal })
  const { finalizers: before = [], resourceVersion } = current.metadata
  const finalizers = edit(before)
  if (finalizers.length === before.length) return current
  return await client.patch(flushSessions, nameOf(object), { metadata: { finalizers, resourceVersion } }, { signal })
}
