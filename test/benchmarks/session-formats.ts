import type { Redis } from 'ioredis'
import { byReader } from '../../src/flushes/scope/by-reader.ts'
import type { RedisConnection } from '../../src/redis/connection.ts'
import { readers } from '../../src/sessions/readers.ts'
import type { PayloadReader } from '../../src/sessions/readers/value.ts'
import * as gob from '../../src/sessions/readers/testing/gob.ts'
import * as java from '../../src/sessions/readers/testing/java.ts'
import * as messagePack from '../../src/sessions/readers/testing/message-pack.ts'
import * as php from '../../src/sessions/readers/testing/php.ts'
import * as pickle from '../../src/sessions/readers/testing/pickle.ts'
import * as ruby from '../../src/sessions/readers/testing/ruby-marshal.ts'
import type { Figure } from './figure.ts'
import { keyPrefix, loadSessions, withServer } from './one-server.ts'

const sessions = 100_000
const field = 'sessionAttr:SPRING_SECURITY_CONTEXT'

/** A session that a real library wrote, and how the same one looks of another person: of equal length, so that no count in it changes. */
interface Format {
  readonly name: string
  readonly read: PayloadReader
  readonly sample: Uint8Array
  /** Whose the sample is, as bytes. */
  readonly owner: string
  /** As many people as can be told apart. */
  readonly people: number
  readonly path: readonly string[]
  readonly inHash?: true
  /** The same person as bytes, and as the reader says it. */
  readonly written?: (index: number) => string
  readonly said?: (index: number) => string
}

/** In as many characters as the sample's owner has. */
const padded = (index: number, length: number): string => index.toString(36).padStart(length, '0')

const formats: readonly Format[] = [
  {
    name: 'Ruby Marshal',
    read: readers['Ruby Marshal'],
    sample: ruby.deviseByUuid,
    owner: '0b0e7c3a-9a35-4c4f-8f3e-3f2b0f6f4a11',
    people: 10_000,
    path: ['warden.user.admin.key', '0', '0'],
  },
  {
    name: 'Rails cache entry',
    read: readers['Ruby Marshal, in a cache entry'],
    sample: ruby.cachedDevise,
    owner: '[\u0006i/',
    // Marshal has the integers from 1 to 122 in one byte, 5 more than they are.
    people: 100,
    path: ['warden.user.user.key', '0', '0'],
    written: (index) => `[\u0006i${String.fromCharCode(index + 1 + 5)}`,
    said: (index) => String(index + 1),
  },
  {
    name: 'Python pickle',
    read: readers['Python pickle'],
    sample: pickle.django.at(-1) ?? Buffer.alloc(0),
    owner: '42',
    people: 1_000,
    path: ['_auth_user_id'],
  },
  {
    name: 'MessagePack',
    read: readers.MessagePack,
    sample: messagePack.flask,
    owner: '42',
    people: 1_000,
    path: ['_user_id'],
  },
  {
    name: 'PHP session',
    read: readers['PHP session'],
    sample: php.session,
    owner: 'ann',
    people: 10_000,
    path: ['user'],
  },
  {
    name: 'Java serialization',
    read: readers['Java serialization, in a hash'],
    sample: java.securityContext,
    owner: 'alice',
    people: 10_000,
    path: ['authentication', 'principal', 'username'],
    inHash: true,
  },
  {
    name: 'Go gob, scs',
    read: readers['Go gob'],
    sample: gob.scs,
    owner: 'ann',
    people: 10_000,
    path: ['Values', 'user'],
  },
  {
    name: 'Go gob, gorilla',
    read: readers['Go gob'],
    sample: gob.gorilla,
    owner: 'ann',
    people: 10_000,
    path: ['user'],
  },
]

const payloadOf = ({ sample, owner, written }: Format, person: number): Buffer => {
  const text = Buffer.from(sample).toString('latin1')
  const [before, ...rest] = text.split(owner)
  // The first place is the owner's; others are somebody's friends.
  return Buffer.from(`${before}${written?.(person) ?? padded(person, owner.length)}${rest.join(owner)}`, 'latin1')
}

const nameOf = ({ owner, said }: Format, person: number): string => said?.(person) ?? padded(person, owner.length)

const measure = async (format: Format, redis: Redis, connection: RedisConnection): Promise<readonly Figure[]> => {
  await redis.flushall()
  await loadSessions(redis, sessions, (pipeline, key, index) => {
    const payload = payloadOf(format, index % format.people)
    if (format.inHash) pipeline.hset(key, field, payload)
    else pipeline.set(key, payload)
  })
  const figures: Figure[] = []
  let gone = 0
  for (const [from, to] of [
    [0, 1],
    [1, Math.min(1_001, Math.floor(format.people / 2))],
  ] as const) {
    const people = Array.from({ length: to - from }, (_, index) => from + index)
    const owners = new Set(people.map((person) => nameOf(format, person)))
    const { read, path } = format
    const selection = byReader({
      keyPrefix,
      read,
      field: format.inHash ? field : undefined,
      path,
      owners,
      takeUndecodable: false,
    })
    const startedMs = performance.now()
    const { examined, matched, undecodable } = await selection.visit(connection, 'delete')
    const seconds = (performance.now() - startedMs) / 1000
    const keys = people.flatMap((person) =>
      Array.from(
        { length: Math.ceil((sessions - person) / format.people) },
        (_, at) => `${keyPrefix}:${person + at * format.people}`,
      ),
    )
    gone += keys.length
    const [left, there] = [await redis.exists(...keys), await redis.dbsize()]
    if (undecodable > 0 || matched !== keys.length || left > 0 || there !== sessions - gone)
      throw new Error(`${format.name}: ${matched} of ${keys.length} matched, ${left} left, ${undecodable} undecodable`)
    figures.push({
      name: `${format.name}, ${Buffer.from(format.sample).length} bytes: examined for ${people.length} people, exactly ${keys.length} deleted`,
      value: examined / seconds,
      unit: '/s',
    })
  }
  return figures
}

/** A hundred thousand sessions in each format but JSON: those of one person, and of a thousand where there are as many, found and deleted on one server of this machine. */
export const sessionFormats = async (): Promise<readonly Figure[]> =>
  await withServer(async ({ redis, open }) => {
    const connection = await open()
    const figures: Figure[] = []
    for (const format of formats) figures.push(...(await measure(format, redis, connection)))
    return figures
  })
