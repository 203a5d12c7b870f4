import { expect, test } from 'vitest'
import { ownerAt } from './owner.ts'
import type { SessionValue } from './readers/value.ts'

const session: SessionValue = new Map<string, SessionValue>([
  ['user', 'ann'],
  ['number', 42],
  ['large', 2n ** 64n],
  ['huge', 2n ** 300n],
  ['beyond', 2 ** 53],
  ['fraction', 1.5],
  ['nobody', null],
  ['no', false],
  ['yes', true],
  ['unknown', undefined],
  ['account', new Map<string, SessionValue>([['id', undefined]])],
  ['list', [1, undefined, ['deep']]],
])

test.each<[readonly string[], string | undefined]>([
  [['user'], 'ann'],
  [['number'], '42'],
  [['large'], '18446744073709551616'],
  [['list', '0'], '1'],
  [['list', '2', '0'], 'deep'],
  [['absent'], ''],
  [['absent', 'deeper'], ''],
  [['nobody'], ''],
  [['nobody', 'deeper'], ''],
  [['no'], ''],
  [['account', 'name'], ''],
  [['list', '9'], ''],
  [['list', 'length'], ''],
  [['yes'], undefined],
  [['huge'], undefined],
  [['beyond'], undefined],
  [['fraction'], undefined],
  [['unknown'], undefined],
  [['unknown', 'deeper'], undefined],
  [['account'], undefined],
  [['account', 'id'], undefined],
  [['list'], undefined],
  [['list', '1'], undefined],
  [['user', 'name'], undefined],
])('at %j: %s', (path, owner) => {
  expect(ownerAt(session, path)).toBe(owner)
})

test('a payload that is a text, or nothing that its reader knows', () => {
  expect(ownerAt('ann', [])).toBe('ann')
  expect(ownerAt(undefined, [])).toBeUndefined()
  expect(ownerAt(undefined, ['user'])).toBeUndefined()
})
