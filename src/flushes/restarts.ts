import { isApiError } from '../kubernetes/errors.ts'
import { findWorkloads, titleOf } from '../stores/rotation/restart-workloads.ts'
import { few } from './few.ts'
import { rotates, type Flush } from './flush.ts'
import type { FlushRuntime } from './runtime.ts'

/** What new passwords cost: who is restarted by the operator, and who is to be by somebody else. Nothing where clients keep theirs. */
export const restartsOf = async (
  runtime: FlushRuntime,
  flush: Flush,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  if (!rotates(flush.object)) return []
  const clients = flush.store.spec.clients.map(({ name }) => name)
  const find = clients.map((client) => findWorkloads(runtime, flush.store, client, signal))
  const fail = `Requests of ${few(clients)} fail until their pods have read the Secret again.`
  let found: Awaited<(typeof find)[number]>[]
  try {
    found = await Promise.all(find)
  } catch (error) {
    if (!isApiError(error)) throw error
    return [fail, `Which of them the operator restarts cannot be said: ${error.message}.`]
  }
  const restarted = [...new Set(found.flat().map(titleOf))]
  const nobody = clients.filter((_client, index) => found[index]?.length === 0)
  return [
    fail,
    ...(restarted.length > 0 ? [`The operator restarts ${few(restarted)}.`] : []),
    ...(nobody.length > 0 ? [`Nothing of ${few(nobody)} is labelled to be restarted: do that yourself.`] : []),
  ]
}
