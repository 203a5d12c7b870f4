import type { ReadSessionStore } from '../api/resources.ts'
import { isApiError } from '../kubernetes/errors.ts'
import { secrets, type Secret } from '../kubernetes/kinds.ts'
import { storeNamespace } from './names.ts'
import type { StoreRuntime } from './runtime.ts'

/** A Secret of a store's namespace, read live; undefined when there is none. */
export const findSecret = async (
  runtime: Pick<StoreRuntime, 'client'>,
  store: ReadSessionStore,
  name: string,
  call: { readonly signal?: AbortSignal },
): Promise<Secret | undefined> => {
  try {
    return await runtime.client.get(secrets, { namespace: storeNamespace(store), name }, call)
  } catch (error) {
    if (isApiError(error, 'notFound')) return undefined
    throw error
  }
}

/** What a Secret has under a key, as text; empty when it has nothing. */
export const decode = (secret: Secret | undefined, key: string): string =>
  Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8')

/** Text values as a Secret has them. */
export const encode = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')]))

/** True of a Secret that has these values. */
export const holds = (secret: Secret, data: Readonly<Record<string, string>>): boolean =>
  Object.entries(encode(data)).every(([key, value]) => secret.data?.[key] === value)
