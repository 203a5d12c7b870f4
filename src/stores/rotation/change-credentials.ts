import type { ReadSessionStore } from '../../api/resources.ts'
import { passwordHash } from '../../redis/acl.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import type { Info } from '../../redis/info.ts'
import { ensureAccess, type Access, type CredentialChange } from '../access.ts'
import { userName, type Turn } from '../client-secret.ts'
import type { ResolvedEngine } from '../engines.ts'
import type { StoreRuntime } from '../runtime.ts'

/** A node whose users change with the Secrets. */
export interface ChangedNode {
  /** UID of the pod. */
  readonly uid: string
  readonly connection: RedisConnection
  readonly info: Info
}

/** Where credentials change: a store, and its nodes that answer. */
export interface ChangeContext {
  readonly runtime: StoreRuntime
  readonly store: ReadSessionStore
  readonly engine: ResolvedEngine
  readonly nodes: readonly ChangedNode[]
  readonly signal: AbortSignal
}

/** In the Secrets first, so that what starts from now on knows it, then live on every node. Removing a user closes its connections. */
export const changeCredentials = async (
  { runtime, store, engine, nodes, signal }: ChangeContext,
  change: CredentialChange,
): Promise<Access> => {
  const access = await ensureAccess(runtime, store, engine, { ...change, signal })
  const { keyPrefix } = store.spec.sessions
  for (const { uid, connection, info } of nodes)
    await runtime.liveAcl.ensure(connection, uid, info.runId, access.users, keyPrefix, { signal })
  return access
}

/** Gives a client's user of that turn a password: first everywhere in Redis, then in the Secret, so that whoever reads it can log in. */
export const giveTurn = async (
  context: ChangeContext,
  client: string,
  turn: Turn,
  password: string,
): Promise<Access> => {
  await changeCredentials(context, {
    prepare: { user: userName(client, turn), passwordHash: passwordHash(password) },
  })
  return await changeCredentials(context, { publish: { client, credential: { turn, password } } })
}
