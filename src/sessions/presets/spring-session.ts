import { asItIs, base64Id, greeting, introduction, outsideTheSession, plainUri } from '../forms.ts'
import type { Preset } from '../preset.ts'
import { readJava } from '../readers/java.ts'
import { Undecodable } from '../readers/value.ts'

const common = {
  payload: 'Java serialization, in a hash',
  birth: { keys: 'sessions:*', field: 'creationTime' },
  lastAccess: { keys: 'sessions:*', field: 'lastAccessedTime' },
  principalPath: ['sessionAttr:SPRING_SECURITY_CONTEXT', 'authentication', 'principal', 'username'],
  libraryPrefix: asItIs,
  uri: plainUri,
  immortalRemedy: 'set `server.servlet.session.timeout` to a positive duration: a negative one means no end',
} as const satisfies Partial<Preset>

/** `RedisSessionRepository`, Spring Boot's default. */
export const springSession: Preset = {
  ...common,
  name: 'spring-session',
  library: 'Spring Session 3.5 (RedisSessionRepository) with Lettuce 6.6',
  keys: ['<prefix>:sessions:<id>'],
  keysOfId: (id) => base64Id(id).map((each) => `sessions:${each}`),
  principal: '`sessionAttr:SPRING_SECURITY_CONTEXT`',
  lifetime: '30 minutes; renewed by each request',
  revives: 'none: it asks whether the session exists before it writes, and ends with an error if not',
  commands: (version) => [
    '+exists',
    '+hgetall',
    '+hmset',
    '+pexpireat',
    '+persist',
    '+rename',
    '+del',
    ...greeting,
    ...introduction(version),
  ],
  setUp: '`spring.session.redis.namespace` and `spring.data.redis.url` from the Secret',
  notCovered: outsideTheSession,
  fenceCost:
    'While fenced, every request that has a session ends with HTTP 500: its time of access is written on each.',
}

/** `RedisIndexedSessionRepository`: finds sessions by user, and tells the application of their end. */
export const springSessionIndexed: Preset = {
  ...common,
  name: 'spring-session-indexed',
  library: 'Spring Session 3.5 (RedisIndexedSessionRepository) with Lettuce 6.6',
  keys: [
    '<prefix>:sessions:<id>',
    '<prefix>:sessions:expires:<id>, which ends 5 minutes earlier',
    '<prefix>:expirations:<minute>, a set of ids',
    '<prefix>:index:…PRINCIPAL_NAME_INDEX_NAME:<name>, a set of ids',
  ],
  keysOfId: (id) => base64Id(id).flatMap((each) => [`sessions:${each}`, `sessions:expires:${each}`]),
  principalIndex: {
    set: (principal) =>
      `index:org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME:${principal}`,
    // Serialized as the session is, unless it was told to write text.
    idOf: (member) => {
      if (member[0] !== 0xac) return Buffer.from(member).toString()
      try {
        const id = readJava(member)
        return typeof id === 'string' ? id : undefined
      } catch (error) {
        if (error instanceof Undecodable) return undefined
        throw error
      }
    },
  },
  principal: 'the set of its name; `sessionAttr:SPRING_SECURITY_CONTEXT`',
  lifetime: '30 minutes, and 5 more of the hash; renewed by each request',
  revives: 'each writes back a part of it: nobody is logged in, and requests with that cookie fail until it ends',
  commands: (version) => [
    '+exists',
    '+hgetall',
    '+hmset',
    '+pexpire',
    '+persist',
    '+append',
    '+rename',
    '+del',
    '+sadd',
    '+srem',
    '+smembers',
    '+publish',
    '+subscribe',
    '+psubscribe',
    '+unsubscribe',
    '+punsubscribe',
    ...greeting,
    ...introduction(version),
  ],
  // PSUBSCRIBE is let through only with the very pattern that is granted.
  channels: (keyPrefix) => [`${keyPrefix}:event:0:created:*`, '__keyevent@0__:del', '__keyevent@0__:expired'],
  keyspaceEvents: 'gxE',
  // Its EXPIRE of both sets is sent before they exist (3.5 and 4.1).
  endless: ['index:*', 'expirations:*'],
  setUp:
    '`spring.session.redis.namespace` and `spring.data.redis.url` from the Secret; a bean `ConfigureRedisAction.NO_OP`: the store has its `notify-keyspace-events` already, and CONFIG is refused',
  notCovered: [
    'After a flush the application is told of no end: FLUSHDB raises no event, so HttpSessionDestroyedEvent and what hangs on it (WebSocket connections) do not happen.',
    ...outsideTheSession,
  ],
  fenceCost:
    'While fenced, every request that has a session ends with HTTP 500: its time of access is written on each.',
}
