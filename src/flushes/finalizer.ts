import { flushSessions, group, type ReadFlushSessions } from '../api/resources.ts'
import type { Client } from '../kubernetes/client.ts'
import { isApiError } from '../kubernetes/errors.ts'
import { nameOf } from '../kubernetes/objects.ts'
import type { Flush } from './flush.ts'

/** Held only while a fence may be up: deleting the object must lift it first. */
const finalizer = `${group}/fence`

export const ensureFinalizer = async (client: Client, flush: Flush, signal: AbortSignal): Promise<void> => {
  const { finalizers = [] } = flush.object.metadata
  if (finalizers.includes(finalizer)) return
  await client.patch(
    flushSessions,
    nameOf(flush.object),
    { metadata: { finalizers: [...finalizers, finalizer] } },
    { signal },
  )
}

export const removeFinalizer = async (
  client: Client,
  object: ReadFlushSessions,
  signal: AbortSignal,
): Promise<void> => {
  try {
    // Read live: the pass that ends a flush may itself have set it.
    const { metadata } = await client.get(flushSessions, nameOf(object), { signal })
    const { finalizers = [], resourceVersion } = metadata
    if (!finalizers.includes(finalizer)) return
    const rest = finalizers.filter((name) => name !== finalizer)
    await client.patch(flushSessions, nameOf(object), { metadata: { finalizers: rest, resourceVersion } }, { signal })
  } catch (error) {
    if (!isApiError(error, 'notFound')) throw error
  }
}
