import type { ReadSessionStore } from '../api/resources.ts'
import { readStamp } from '../redis/stamp.ts'
import { answers, type AnsweringNode, type Observed } from './observe.ts'
import { hasClaims } from './plan/claim.ts'
import { isReplicated } from './topology/replicas.ts'

/**
 * The node of a Standalone store whose volume is from before the last deletion of a flush, out of a backup, say; undefined when it is not. (Of several nodes
 * the one that is to be promoted is looked at: `topology/promote.ts`.) Throws a `RedisError`.
 */
export const behindNode = async (
  store: ReadSessionStore,
  { nodes }: Observed,
  signal: AbortSignal,
): Promise<AnsweringNode | undefined> => {
  const number = store.status?.revocation?.number
  const [node] = nodes
  if (number === undefined || isReplicated(store) || !hasClaims(store)) return undefined
  if (!answers(node) || node.state.info.loading) return undefined
  return (await readStamp(node.state.connection, { signal })) < number ? node : undefined
}
