import type { ReadSessionStore } from '../../api/resources.ts'
import { passwordHash } from '../../redis/acl.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import type { Info } from '../../redis/info.ts'
import { ensureAccess, type Access, type CredentialChange } from '../access.ts'
import { userName, type ClientCredential } from '../client-secret.ts'
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

/** A client's new password, and which of its users gets it. */
export interface NewCredential {
  readonly client: string
  readonly credential: ClientCredential
}

/** Gives clients new passwords: first everywhere in Redis, then in their Secrets, so that whoever reads one can log in. */
export const giveCredentials = async (context: ChangeContext, given: readonly NewCredential[]): Promise<void> => {
  const prepare = given.map(({ client, credential: { turn, password } }) => ({
    user: userName(client, turn),
    passwordHash: passwordHash(password),
  }))
  await changeCredentials(context, { prepare })
  await changeCredentials(context, { publish: given })
}
