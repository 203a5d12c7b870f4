import type { ReadSessionStore } from '../../api/resources.ts'
import { readStamp, writeStamp } from '../../redis/stamp.ts'
import { answers, type AnsweringNode, type Observed } from '../observe.ts'
import { hasClaims } from '../plan/claim.ts'
import { isReplicated } from '../topology/replicas.ts'

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
  const { connection, info } = node.state
  if ((await readStamp(connection, { signal })) >= number) return undefined
  if (info.keyspace.keys > 0 || info.asideKeys > 0) return node
  // An empty one, on a volume that is new: there is nothing in it that was ended.
  await writeStamp(connection, number, { signal })
  return undefined
}
