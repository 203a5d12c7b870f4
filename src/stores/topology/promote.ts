import type { ReadSessionStore } from '../../api/resources.ts'
import type { PrimaryStatus } from '../../api/session-store-status.ts'
import type { AclUser } from '../../redis/acl.ts'
import { promote } from '../../redis/replication.ts'
import { everyKey, visitKeys } from '../../redis/visit-keys.ts'
import { ensureAccess, type Access } from '../access.ts'
import { applyOwned } from '../apply-objects.ts'
import type { ResolvedEngine } from '../engines.ts'
import { NameTakenError } from '../name-taken-error.ts'
import { storeUid } from '../names.ts'
import type { AnsweringNode } from '../observe.ts'
import { primaryEndpoints } from '../plan/primary-endpoints.ts'
import type { StoreRuntime } from '../runtime.ts'
import type { Basis } from './facts.ts'
import { readStamp, writeStamp } from '../../redis/stamp.ts'
import { revocationIn } from './revocation.ts'
import { writePrimary } from './term.ts'

/** How a change of the primary came about, and what it may have cost. */
export interface Change {
  readonly basis: Basis
  readonly cause: string
  readonly planned: boolean
  /** How far the primary before was known to be; undefined when there was none, or its history is another. */
  readonly knownOffset: number | undefined
  readonly mayBeLostBytes: number
  readonly mayBeLostSeconds: number
}

/** Writes down who is to be the primary of the next term. From then on nobody else may be promoted for it. */
export const beginTerm = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  node: AnsweringNode,
  change: Change,
  signal: AbortSignal,
): Promise<ReadSessionStore> => {
  const before = store.status?.primary
  const { knownOffset, ...rest } = change
  const next: PrimaryStatus = {
    term: (before?.term ?? 0) + 1,
    target: node.name,
    ...(before?.current === undefined ? {} : { current: before.current }),
    pod: node.uid,
    runId: node.state.info.runId,
    // Until it is promoted, what it has is of the history before.
    ...(before?.replicationId === undefined ? {} : { replicationId: before.replicationId }),
    ...(before?.earlierReplicationId === undefined ? {} : { earlierReplicationId: before.earlierReplicationId }),
    bounded: false,
    change: {
      ...rest,
      at: runtime.clock.now().toISOString(),
      ...(before === undefined ? {} : { from: before.target }),
      ...(knownOffset === undefined ? {} : { knownOffset }),
      offset: node.state.info.replication.offset,
    },
    ...(before?.recorded === undefined ? {} : { recorded: before.recorded }),
  }
  // Two pods of one name follow one another: `current` must differ from `target` until it is done.
  return await writePrimary(runtime, store, next.current === next.target ? { ...next, current: '' } : next, signal)
}

/**
 * Promotes the node that the term names, unless it is done already, and leads the applications to it. First it lets in who may come in now, since rights and passwords
 * are not replicated, and it may have been away; sessions that a flush has ended and this node missed go before anybody reads them.
 */
export const finishTerm = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  engine: ResolvedEngine,
  node: AnsweringNode,
  fenced: boolean,
  signal: AbortSignal,
): Promise<ReadSessionStore> => {
  const { connection, info } = node.state
  const { keyPrefix } = store.spec.sessions
  const number = store.status?.revocation?.number ?? 0
  const deletion = revocationIn(store, info.replication)
  const doubtful = deletion !== 'has'
  const access = await accessFor(runtime, store, engine, fenced || doubtful, signal)
  const allow = (users: readonly AclUser[]) =>
    runtime.liveAcl.ensure(connection, node.uid, info.runId, users, keyPrefix, { signal })
  // Applications are shut out while there may be sessions that were ended: as a replica without a primary it answered nobody, as a primary it would.
  if (access)
    await allow(doubtful ? access.users.filter(({ name }) => !access.clientUsers.includes(name)) : access.users)
  const after = info.role === 'primary' ? info : await promote(connection, { signal })
  // Behind its gate a node does not tell the number in its data.
  const lacks = deletion === 'lacks' || (doubtful && (await readStamp(connection, { signal })) < number)
  if (lacks) {
    const { matched } = await visitKeys(connection, everyKey(keyPrefix), 'delete', { signal })
    if (matched > 0) {
      const message = `${node.name} had missed the last flush, and nobody who has it is there: its ${matched} sessions were deleted before anybody could read them`
      runtime.events.record(store, { type: 'Warning', reason: 'SessionsRevoked', message })
    }
    await writeStamp(connection, number, { signal })
  }
  if (access && doubtful) await allow(access.users)
  const before = store.status?.primary
  if (!before) throw new Error('a term was finished that was not begun')
  const { earlierId } = after.replication
  const done: PrimaryStatus = {
    ...before,
    current: before.target,
    replicationId: after.replication.id,
    ...(earlierId === undefined ? {} : { earlierReplicationId: earlierId }),
  }
  const [written] = await Promise.all([
    writePrimary(runtime, store, done, signal),
    applyOwned(runtime, store, runtime.caches.endpointSlices, primaryEndpoints(store, node), signal),
  ])
  runtime.log.info(
    {
      store: `${store.metadata.namespace}/${store.metadata.name}`,
      uid: storeUid(store),
      term: done.term,
      node: node.name,
    },
    'Promoted',
  )
  return written
}

/** Who may do what. A name that somebody else has taken is no reason to leave a store without a primary, unless somebody is to be kept out. */
const accessFor = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  engine: ResolvedEngine,
  isNeeded: boolean,
  signal: AbortSignal,
): Promise<Access | undefined> => {
  try {
    return await ensureAccess(runtime, store, engine, { signal })
  } catch (error) {
    if (isNeeded || !(error instanceof NameTakenError)) throw error
    return undefined
  }
}
