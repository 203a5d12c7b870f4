import type { ReadSessionStore } from '../api/resources.ts'
import { observe } from '../stores/observe.ts'
import type { RedisConnection } from '../redis/connection.ts'
import { RedisError } from '../redis/errors.ts'
import { parseInfo, type Info } from '../redis/info.ts'
import type { FlushRuntime } from './runtime.ts'
import { wait, type Flush, type StepResult } from './flush.ts'

/** The node that a flush works on, as it answered just now. */
export interface FlushNode {
  readonly name: string
  readonly connection: RedisConnection
  readonly info: Info
}

/** The store's node, or undefined while it does not answer: what it holds cannot be known, so a flush waits for it. */
export const answeringNode = async (
  runtime: FlushRuntime,
  store: ReadSessionStore,
  signal: AbortSignal,
): Promise<FlushNode | undefined> => {
  const { pod, node } = await observe(runtime, store, signal)
  if (!pod || !node || node.info.loading) return undefined
  return { name: pod.metadata.name ?? '', ...node }
}

/** How soon a node that does not answer is asked again, in ms; and one that answered with a refusal, which a person may have to look at. */
const retryMs = 500
const refusedMs = 2_000

/**
 * Does a step's work on the store's node. While it does not answer, or breaks off in the middle, the flush waits, says so, and does the step
 * again: every step can be done twice.
 */
export const onNode = async (
  runtime: FlushRuntime,
  flush: Flush,
  signal: AbortSignal,
  work: (node: FlushNode) => Promise<StepResult>,
): Promise<StepResult> => {
  try {
    const node = await answeringNode(runtime, flush.store, signal)
    if (node) return await work(node)
  } catch (error) {
    if (!(error instanceof RedisError)) throw error
    if (!['unreachable', 'notListening', 'loading', 'busy'].includes(error.kind)) {
      flush.progress(`Redis refused ${error.message}`, flush.status.progress?.percent ?? 0)
      return wait(refusedMs)
    }
  }
  flush.progress('WaitingForRedis', flush.status.progress?.percent ?? 0)
  return wait(retryMs)
}

/** `INFO` in the same transaction as what it should describe: the process that answered both. */
export const infoIn = (replies: readonly unknown[], index: number): Info => parseInfo((replies[index] ?? '') as string)
