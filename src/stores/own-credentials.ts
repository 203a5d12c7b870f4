import type { ReadSessionStore } from '../api/resources.ts'
import { operatorUser } from '../redis/acl.ts'
import type { Login } from '../redis/connection.ts'
import { masterKeyId, operatorPassword, replicationPassword } from './credentials.ts'
import { storeUid } from './names.ts'
import type { StoreRuntime } from './runtime.ts'

/** What the operator's own passwords are derived from. */
export type MasterKeys = Pick<StoreRuntime, 'masterKey' | 'previousMasterKey'>

const generationOf = ({ status }: ReadSessionStore): number => status?.ownCredentials?.generation ?? 1

/** How the operator logs in to a store's Redis. */
export const operatorLogin = ({ masterKey }: MasterKeys, store: ReadSessionStore): Login => ({
  username: operatorUser,
  password: operatorPassword(masterKey, storeUid(store), generationOf(store)),
})

/**
 * Every way in which the operator may have to log in, the likeliest first. A node that was away during a rotation, or that nobody has told of another master key
 * yet, lets in by what it had before.
 */
export const operatorLogins = (keys: MasterKeys, store: ReadSessionStore): readonly [Login, ...Login[]] => {
  const generation = generationOf(store)
  const before = [keys.masterKey, ...(keys.previousMasterKey ? [keys.previousMasterKey] : [])].flatMap((key) =>
    [generation, generation - 1]
      .filter((each) => each > 0)
      .map((each) => ({ username: operatorUser, password: operatorPassword(key, storeUid(store), each) })),
  )
  const [, ...rest] = before
  return [operatorLogin(keys, store), ...rest]
}

/** The password with which replicas are to log in to their primary. */
export const replicationLogin = (
  { masterKey }: MasterKeys,
  store: ReadSessionStore,
): { readonly password: string } => ({
  password: replicationPassword(masterKey, storeUid(store), generationOf(store)),
})

/** Passwords with which replicas may log in: the one that they are to have, and while some may have another, that one too. */
export const replicationPasswords = (keys: MasterKeys, store: ReadSessionStore): readonly string[] => {
  const current = replicationLogin(keys, store).password
  if (isCurrent(keys, store)) return [current]
  const generation = generationOf(store)
  const older = [
    ...(generation > 1 ? [replicationPassword(keys.masterKey, storeUid(store), generation - 1)] : []),
    ...(keys.previousMasterKey ? [replicationPassword(keys.previousMasterKey, storeUid(store), generation)] : []),
  ]
  return [current, ...older]
}

/** True when every node has the passwords of this generation and this master key. */
const isCurrent = ({ masterKey }: MasterKeys, { status }: ReadSessionStore): boolean => {
  const known = status?.ownCredentials
  return known === undefined || (known.changing !== true && known.key === masterKeyId(masterKey))
}
