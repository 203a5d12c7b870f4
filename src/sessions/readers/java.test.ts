import { describe, expect, test } from 'vitest'
import { readJava } from './java.ts'
import { outcomeOf } from './testing/bounded.ts'
import * as kinds from './testing/java-kinds.ts'
import * as written from './testing/java.ts'
import { type SessionValue, valueAt } from './value.ts'

const map = (fields: Readonly<Record<string, SessionValue>>) => new Map(Object.entries(fields))

describe('what Spring keeps in a session', () => {
  test.each([
    ['a user who logged in by the form', written.securityContext, ['authentication', 'principal', 'username']],
    ['a user whom a cookie logged in', written.rememberMe, ['authentication', 'principal', 'username']],
    ['a principal that is text', written.securityContextOfText, ['authentication', 'principal']],
  ])('the owner is found: %s', (_whose, payload, path) => {
    expect(valueAt(readJava(payload), path)).toBe('alice')
  })

  test('all of a security context is read', () => {
    const authorities = [map({ role: 'ROLE_ADMIN' }), map({ role: 'ROLE_USER' })]
    expect(readJava(written.securityContext)).toEqual(
      map({
        authentication: map({
          authenticated: true,
          authorities,
          credentials: null,
          details: map({ remoteAddress: '192.0.2.7', sessionId: 'e1b0a5f0' }),
          principal: map({
            accountNonExpired: true,
            accountNonLocked: true,
            authorities,
            credentialsNonExpired: true,
            enabled: true,
            password: null,
            username: 'alice',
          }),
        }),
      }),
    )
  })

  test('the token against forged requests, and times, are read', () => {
    expect(valueAt(readJava(written.csrf), ['token'])).toBe('0b0e7c3a-9a35-4c4f-8f3e-3f2b0f6f4a11')
    expect(readJava(written.creationTime)).toBe(1_780_000_000_000)
    expect(readJava(written.maxInactiveInterval)).toBe(1800)
  })
})

describe('each type', () => {
  const values = readJava(kinds.values)

  test.each<readonly [string, SessionValue]>([
    ['null', null],
    ['text', 'Grüße 😀 \u0000 end'],
    ['long', 42],
    ['huge', -(2n ** 63n)],
    ['integer', -7],
    ['short', 3],
    ['byte', -1],
    ['boolean', true],
    ['character', 'é'],
    ['float', 1.5],
    ['double', Number.NaN],
    ['enums', ['RED', 'GREEN', 'RED']],
    ['class', 'java.lang.String'],
    ['custom', map({ kept: 'kept' })],
    ['external', map({})],
    ['record', map({ left: 'l', right: 2 })],
    ['proxy', map({ h: map({ word: 'hello' }) })],
    ['ints', [1, -2]],
    ['longs', [1, 2n ** 63n - 1n]],
    ['bytes', [-1]],
    ['chars', 'pass'],
    ['booleans', [true, false]],
    ['doubles', [0.5]],
    ['floats', [0.5]],
    ['shorts', [-2]],
    ['strings', ['a', null, 'a']],
    ['grid', [[1], [2, 3]]],
    ['uuid', '0b0e7c3a-9a35-4c4f-8f3e-3f2b0f6f4a11'],
    ['big integers', [-(2n ** 100n), 0n]],
    ['decimal', map({ intVal: 125n, scale: 1 })],
    ['date', map({})],
    ['instant', map({})],
    ['__proto__', 'text'],
  ])('is read as what it means: %s', (name, value) => {
    expect(values instanceof Map && values.has(name)).toBe(true)
    expect(valueAt(values, [name])).toEqual(value)
  })

  test('the fields of the classes above an object are among its own, which hide theirs', () => {
    expect(valueAt(values, ['derived'])).toEqual(
      map({
        own: 'of base',
        count: 7,
        name: 'derived',
        self: undefined,
        big: 2n ** 63n - 1n,
        small: 5,
        letter: 'ü',
        yes: true,
        f: 1.5,
        d: -2.5e-10,
        b: -1,
        s: -300,
        i: -(2 ** 31),
      }),
    )
  })
})

describe('collections', () => {
  const collections = readJava(kinds.collections)
  const [two, sorted, one] = [['b', 'a'], ['a', 'b'], ['a']]
  const pair = map({ k: 'v' })

  test.each<readonly [string, SessionValue]>([
    ['ArrayList', ['a', 1, null]],
    ['LinkedList', two],
    ['asList', two],
    ['ArrayDeque', two],
    ['Vector', two],
    ['PriorityQueue', sorted],
    ['ConcurrentLinkedQueue', two],
    ['ConcurrentLinkedDeque', two],
    ['CopyOnWriteArrayList', two],
    ['subclass', ['n']],
    ['HashSet', one],
    ['LinkedHashSet', two],
    ['TreeSet', sorted],
    ['ConcurrentSkipListSet', sorted],
    ['CopyOnWriteArraySet', two],
    ['EnumSet', ['RED']],
    ['newKeySet', ['k']],
    ['newSetFromMap', ['k']],
    ['HashMap', pair],
    ['LinkedHashMap', pair],
    ['TreeMap', pair],
    ['Hashtable', pair],
    ['Properties', pair],
    ['ConcurrentHashMap', pair],
    ['ConcurrentSkipListMap', pair],
    ['EnumMap', map({ RED: 'v' })],
    ['IdentityHashMap', pair],
    ['odd keys', map({ 5: 3, RED: 4 })],
    ['List.of', two],
    ['List.of three', [1, 2, 3]],
    ['Set.of', one],
    ['Map.of', pair],
    ['toList', ['a', null]],
    ['emptyList', []],
    ['emptySet', []],
    ['emptyMap', map({})],
    ['singletonList', one],
    ['singleton', one],
    ['singletonMap', pair],
    ['unmodifiableList', one],
    ['unmodifiableSet', one],
    ['unmodifiableMap', pair],
    ['synchronizedList', one],
    ['synchronizedSet', one],
    ['synchronizedMap', pair],
    ['checkedList', one],
    ['checkedMap', pair],
    ['list again', two],
    ['map again', pair],
  ])('are the elements that they hold: %s', (name, value) => {
    expect(valueAt(collections, [name])).toEqual(value)
  })
})

test('what lies inside of itself is undefined there, and no value is cyclic', () => {
  expect(readJava(kinds.cycle)).toEqual(map({ list: ['a', undefined], again: ['a', undefined], self: undefined }))
  expect(outcomeOf(readJava, kinds.cycle)).toBe('read')
})

test('a long string is read', () => {
  const text = 'x'.repeat(70_000)
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(text.length))
  expect(readJava(Buffer.concat([Buffer.from('aced00057c', 'hex'), length, Buffer.from(text)]))).toBe(text)
})
