import { isDeepStrictEqual } from 'node:util'
import type { Redis } from 'ioredis'
import { expect } from 'vitest'
import { auditRecords, flushSessions, sessionStores, type FlushSessions } from '../../src/api/resources.ts'
import { readPublicKey } from '../../src/audit/public-key.ts'
import { readExport } from '../../src/audit/read-export.ts'
import { verifyRecords } from '../../src/audit/verify.ts'
import { configMaps, secrets } from '../../src/kubernetes/kinds.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { connectClient, countSessions, flush, store, untilReady, writeSessions } from '../e2e/fixtures.ts'
import { operatorName, type Lane } from './lane.ts'

export interface StoreUnderTest {
  readonly name: string
  /** The application's connection. */
  readonly redis: Redis
  /** Reads the Secret again, as an application does that is restarted. */
  restart(): Promise<void>
  close(): Promise<void>
}

export const makeStore = async (
  lane: Lane,
  name: string,
  spec: Readonly<Record<string, unknown>> = {},
): Promise<StoreUnderTest> => {
  const { cluster, namespace, objects } = lane
  await objects.apply(store(namespace, name, { spec }))
  await untilReady(objects, namespace, name, 90_000)
  const connect = () => connectClient(cluster, objects, namespace, name)
  let client = await connect()
  const close = async () => {
    client.redis.disconnect()
    await client.close()
  }
  return {
    name,
    get redis() {
      return client.redis
    },
    restart: async () => {
      await close()
      client = await connect()
    },
    close,
  }
}

const sessions = 1000

/** Sessions as they are before a flush. */
export const logIn = async ({ redis }: StoreUnderTest): Promise<void> => {
  await writeSessions(redis, sessions)
}

/** The same sessions, found by their names, and nobody held up. */
export const guarded = { scope: { keyPattern: 'shop:session:*' } } as const

/** All of them, put aside at once. */
export const everybody = { guarantee: 'Guarded' } as const

/** The same, and every client gets another user. */
export const rotated = { guarantee: 'Rotated' } as const

/** Where a flush gave new passwords: has the application read its own, and waits until the store has noted it. */
export const followRotation = async (lane: Lane, store: StoreUnderTest, flushName: string): Promise<void> => {
  const { rotation } = (await readFlush(lane, flushName)).status ?? {}
  if (!rotation) return
  await store.restart()
  const users = async () => {
    const { status } = await lane.api.get(sessionStores, { namespace: lane.namespace, name: store.name })
    return status?.credentials?.map(({ client, user }) => ({ client, user }))
  }
  await waitUntil('the rotation is noted', async () => isDeepStrictEqual(await users(), rotation), {
    timeoutMs: 20_000,
  })
}

export interface CreateOptions {
  readonly drain?: string
  readonly spec?: Readonly<Record<string, unknown>>
}

export const createFlush = async (
  lane: Lane,
  storeName: string,
  name: string,
  { drain = '1s', spec = {} }: CreateOptions = {},
): Promise<void> => {
  const object = flush(lane.namespace, name, storeName, { drain, spec }) as unknown as FlushSessions
  await lane.api.create(flushSessions, object)
}

export const readFlush = (lane: Lane, name: string): Promise<FlushSessions> =>
  lane.api.get(flushSessions, { namespace: lane.namespace, name })

/** Waits until a flush has ended, whatever way, and nothing holds it. */
export const untilEnded = async (lane: Lane, name: string, timeoutMs = 45_000): Promise<FlushSessions> => {
  let last: FlushSessions | undefined
  try {
    return await waitUntil(
      `FlushSessions ${name} has ended`,
      async () => {
        last = await readFlush(lane, name)
        return last.status?.finishedAt !== undefined && !last.metadata.finalizers?.length && last
      },
      { timeoutMs, intervalMs: 100 },
    )
  } catch (error) {
    throw new Error(`${String(error)}; last seen: ${JSON.stringify(last?.status)}`, { cause: error })
  }
}

/** The end of a flush, the same whatever happened on the way. */
export const expectEnd = async (lane: Lane, { name: storeName, redis }: StoreUnderTest, name: string) => {
  const { api, namespace } = lane
  const { metadata, status } = await readFlush(lane, name)
  const where = `flush ${name}`
  expect(status?.phase, where).toBe('Completed')
  // The primary's row comes first.
  expect(status?.nodes?.[0], where).toMatchObject({ before: sessions, revoked: sessions, remaining: 0 })
  for (const node of status?.nodes ?? []) expect(node, where).toMatchObject({ acknowledged: true })
  expect(metadata.finalizers ?? [], where).toEqual([])
  // Cut connections come back by themselves; ioredis sends again what it had not sent.
  expect(await countSessions(redis, sessions), where).toBe(0)
  // one of those that logIn writes, so that the next flush counts as many as this one
  expect(await redis.set('shop:session:0', 'a login', 'EX', 60), where).toBe('OK')
  const acl = await api.get(secrets, { namespace, name: `${storeName}-acl` })
  expect(acl.metadata.annotations?.['sessionstore.dev/fence'], where).toBeUndefined()
  const records = await api.list(auditRecords, { namespace })
  const own = records
    .filter(({ spec }) => spec.entry.subject.uid === metadata.uid)
    .toSorted((a, b) => a.spec.entry.sequence - b.spec.entry.sequence)
  expect(
    own.map(({ spec }) => spec.entry.type),
    where,
  ).toEqual(['FlushIntended', 'FlushCompleted'])
  expect(status?.auditRecords, where).toEqual(own.map((record) => record.metadata.name))
  const { status: storeStatus } = await api.get(sessionStores, { namespace, name: storeName })
  const completed = records.filter(({ spec }) => spec.entry.type === 'FlushCompleted')
  expect(storeStatus?.flushEpoch, where).toBe(completed.length)
  // A new password goes on record after the flush, by the store's own hand.
  const newest = records.map(({ spec }) => spec.entry).find(({ sequence }) => sequence === storeStatus?.audit?.sequence)
  expect(
    newest?.subject.uid === metadata.uid || (status?.rotation && newest?.type === 'CredentialRotated'),
    where,
  ).toBe(true)
  expect(newest?.sequence, where).toBeGreaterThanOrEqual(own.at(-1)?.spec.entry.sequence ?? 0)
  await expectChain(lane)
}

/** Everything on record verifies. */
export const expectChain = async ({ api, namespace }: Lane): Promise<void> => {
  const items = await api.list(auditRecords, { namespace })
  const published = await api.get(configMaps, { namespace, name: `${operatorName}-audit-public-key` })
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const verdict = verifyRecords(readExport(text), [readPublicKey(published.data?.['public.pem'] ?? '')])
  expect(verdict).toMatchObject({ ok: true })
}
