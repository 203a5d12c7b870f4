import { flushSessions } from '../api/resources.ts'
import { applyStatus } from '../kubernetes/apply.ts'
import { isApiError } from '../kubernetes/errors.ts'
import { nameOf } from '../kubernetes/objects.ts'
import type { Flush } from './flush.ts'
import type { FlushRuntime } from './runtime.ts'

export const flushManager = 'session-store-operator'

/** Others may change spec and metadata meanwhile, each a conflict; more than this in a row is left to the next pass. */
const maxAttempts = 5

/**
 * Writes what a step left behind, over the status that this pass knows and no other one: a write of a leader that was cut off may arrive when the
 * next one has finished, and would have the flush done again, with the sessions made since. Throws a `conflict` then.
 */
export const writeStatus = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<void> => {
  const status = { ...flush.status, observedGeneration: flush.object.metadata.generation ?? 0 }
  for (let attempt = 1; ; attempt += 1) {
    const options = { ifUnchanged: true, signal }
    try {
      const { object } = await applyStatus(runtime.client, flushSessions, flush.known, status, flushManager, options)
      flush.known = object
      return
    } catch (error) {
      if (!isApiError(error, 'conflict') || attempt === maxAttempts) throw error
      if (!flush.adopt(await runtime.client.get(flushSessions, nameOf(flush.object), { signal }))) throw error
    }
  }
}
