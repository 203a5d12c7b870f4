import { parseInfo } from '../../redis/info.ts'
import { accountOf, rememberAside, setAside, type Aside } from '../../redis/aside.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import type { KeepUpOptions } from '../../redis/keep-up.ts'
import { isRedisError } from '../../redis/errors.ts'
import type { ReturnedWatch } from '../../redis/watch-returned.ts'
import { isDurable } from '../durable.ts'
import { proceed, wait, type Flush, type StepResult } from '../flush.ts'
import { asideOf } from '../guard-key.ts'
import { markDeletion } from '../mark-deletion.ts'
import { answeringNode, onNode, type FlushPrimary } from '../node.ts'
import { recordNodes } from '../record-nodes.ts'
import type { FlushRuntime } from '../runtime.ts'
import { watchReturned } from '../watch-returned.ts'
import { writeStatus } from '../write-status.ts'
import { beginGuard, namesLost } from './delete.ts'
import { excessOf } from './plan.ts'

/** How long events that are on their way are waited for, in ms. */
const eventsMs = 1_000
const pollMs = 10
/** How long a page is tried again that Redis refuses, in ms, and how soon: a replica that lags for a moment, say. A pass that ends stops listening. */
const refusedMs = 15_000
const againMs = 100

/**
 * Puts every session aside at once, then remembers their names and deletes them there. From the first moment on whatever comes back is deleted: a name is known
 * while its session is aside, and after.
 */
export const setAsideStep = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async (node) =>
    watchReturned(runtime, flush, node, signal, async (connection, watch) => {
      const aside = asideOf(flush)
      // It was done, and is not there any more: with the marker went the names. What has come since is not to go for a flush that cannot succeed.
      if (flush.status.guard && !(await accountOf(connection, aside, { signal }))) return namesLost
      const most = flush.object.spec.limits.maxAffected
      const { outcome, keys } = await setAside(connection, aside, { signal, most })
      const excess = outcome === 'tooMany' ? excessOf(flush, keys, 0) : undefined
      if (excess) return excess
      const { runId } = parseInfo(await connection.call(['INFO'], { signal }))
      recordNodes(flush, node, { runId, revoked: keys })
      await markDeletion(runtime, flush, { connection }, signal)
      if (node.info.appendOnly && !(await isDurable(connection, signal))) return wait(500)
      flush.status.guard ??= { runId, names: 0 }
      // Before any name is taken: whoever finds the marker gone from now on knows that names are.
      await writeStatus(runtime, flush, signal)
      const replicas = node.info.replication.onlineReplicas.length
      await untilRemembered(runtime, connection, aside, { replicas, signal })
      // It may have taken long: who has come to the store meanwhile has to acknowledge too.
      const now = (await answeringNode(runtime, flush.store, signal)) ?? node
      const current: FlushPrimary = now.uid === node.uid ? now : node
      recordNodes(flush, current, { runId, revoked: 0 })
      await markDeletion(runtime, flush, { connection }, signal)
      if (node.info.appendOnly && !(await isDurable(connection, signal))) return wait(500)
      const isWhole = await untilAccounted(runtime, connection, aside, watch, signal)
      const lost = isWhole ? await beginGuard(runtime, flush, connection, runId, signal) : namesLost
      if (lost) return lost
      flush.set('Deleted', 'True', 'SetAside', 'Every session was put aside at once, and deleted', runtime.clock.now())
      flush.progress('Guarding', 20)
      return proceed
    }),
  )

/** What Redis refuses is tried again while somebody listens: each pause between two passes is one in which a session may end unheard. */
const untilRemembered = async (
  runtime: FlushRuntime,
  connection: RedisConnection,
  aside: Aside,
  options: KeepUpOptions & { readonly signal: AbortSignal },
): Promise<void> => {
  const untilMs = runtime.clock.monotonicMs() + refusedMs
  for (;;) {
    try {
      await rememberAside(connection, aside, options)
      return
    } catch (error) {
      if (!isRedisError(error, 'refused', 'busy') || runtime.clock.monotonicMs() >= untilMs) throw error
      await runtime.clock.sleep(againMs, options.signal)
    }
  }
}

/** True when every key that was put aside is accounted for, and every name that was remembered still is. */
const untilAccounted = async (
  runtime: FlushRuntime,
  connection: RedisConnection,
  aside: Aside,
  watch: ReturnedWatch,
  signal: AbortSignal,
): Promise<boolean> => {
  const untilMs = runtime.clock.monotonicMs() + eventsMs
  for (;;) {
    await watch.settle()
    const account = await accountOf(connection, aside, { signal })
    if (!account || account.names < account.named) return false
    if (account.left <= 0) return true
    if (runtime.clock.monotonicMs() >= untilMs) return false
    await runtime.clock.sleep(pollMs, signal)
  }
}
