import type { ReadSessionStore } from '../api/resources.ts'
import { passwordOf } from './client-secret.ts'
import { objectNames, storeName } from './names.ts'
import type { StoreRuntime } from './runtime.ts'
import { decode, findSecret } from './secret-data.ts'

/** A password that a client brings, or why what it brings cannot be used. */
export type OwnPassword =
  | { readonly password: string; readonly problem?: undefined }
  | { readonly password?: undefined; readonly problem: string }

/** Reads the password that a client's `passwordSecret` names; undefined for a client that brings none. */
export const readOwnPassword = async (
  runtime: Pick<StoreRuntime, 'client'>,
  store: ReadSessionStore,
  client: string,
  call: { readonly signal?: AbortSignal },
): Promise<OwnPassword | undefined> => {
  const from = store.spec.clients.find(({ name }) => name === client)?.passwordSecret
  if (!from) return undefined
  const { name, key } = from
  const where = `passwordSecret of client ${client}: Secret ${name}`
  if (name === objectNames(storeName(store)).clientSecret(client))
    return { problem: `${where} is the one that the operator writes for the client. Name another` }
  const secret = await findSecret(runtime, store, name, call)
  if (!secret) return { problem: `${where} is not there. Create it` }
  if (secret.data?.[key] === undefined) return { problem: `${where} has no key ${key}. Add it, or name another key` }
  const password = passwordOf(decode(secret, key))
  if (password !== undefined) return { password }
  return {
    problem: `${where} has something under ${key} that is no password: use 8 to 512 printable ASCII characters, without spaces or a line break at the end`,
  }
}
