import { expect, test } from 'vitest'
import { isOpaqueAt, type SessionValue } from './value.ts'

const session: SessionValue = new Map<string, SessionValue>([
  ['user', 'ann'],
  ['id', undefined],
  ['account', new Map<string, SessionValue>([['id', undefined]])],
  ['list', [1, undefined]],
])

test.each<[readonly string[], boolean]>([
  [['user'], false],
  [['id'], true],
  [['id', 'deeper'], true],
  [['account', 'id'], true],
  [['account', 'name'], false],
  [['list', '0'], false],
  [['list', '1'], true],
  [['list', '2'], false],
  [['absent', 'deeper'], false],
  [['user', 'deeper'], false],
])('%j is opaque: %s', (path, opaque) => {
  expect(isOpaqueAt(session, path)).toBe(opaque)
})

test('a payload that is nothing but what no reader knows is opaque', () => {
  expect(isOpaqueAt(undefined, [])).toBe(true)
  expect(isOpaqueAt(undefined, ['user'])).toBe(true)
  expect(isOpaqueAt('ann', [])).toBe(false)
})
