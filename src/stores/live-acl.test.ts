import { expect, test } from 'vitest'
import { findBeyond } from './live-acl.ts'

const findUnconfined = (lines: readonly string[], prefix: string) =>
  findBeyond(lines, [`~${prefix}:*`, `%R~${prefix}:*`])

// As Redis 8.0.2 and Valkey 9.1 print them.
const ours = [
  'user default off sanitize-payload ~* &* +@all',
  'user operator on sanitize-payload #aa ~* &* -@all +info',
  'user probe on nopass sanitize-payload resetchannels -@all +ping',
  'user web-a on sanitize-payload #bb ~shop:session:* resetchannels -@all +get +set',
]

test('the users of a store are confined, fenced or not', () => {
  expect(findUnconfined(ours, 'shop:session')).toBeUndefined()
  expect(
    findUnconfined([...ours.slice(0, 3), 'user web-a on #bb %R~shop:session:* -@all +get'], 'shop:session'),
  ).toBeUndefined()
})

test.each([
  ['reaches every key', 'user mallory on nopass ~* -@all +get'],
  ['reaches another prefix', 'user mallory on nopass ~shop:* -@all +get'],
  ['has a selector of its own', 'user mallory on nopass (~* +get)'],
  ['is ours with wider rights', 'user web-a on #bb ~shop:session:* ~* -@all +get'],
  ['is default, switched on', 'user default on nopass ~* &* +@all'],
])('a user that %s is found', (_name, line) => {
  expect(
    findUnconfined(
      [...ours.filter((each) => !line.startsWith(each.split(' ', 2).join(' ') + ' ')), line],
      'shop:session',
    ),
  ).toBe(line.split(' ')[1])
})

test('a user that is switched off wrote nothing', () => {
  expect(findUnconfined([...ours, 'user old off ~* +@all'], 'shop:session')).toBeUndefined()
})

test('while a fence is up, a client that can write is found', () => {
  const fenced = [...ours.slice(0, 3), 'user web-a on #bb %R~shop:session:* -@all +get']
  expect(findBeyond(fenced, ['%R~shop:session:*'])).toBeUndefined()
  expect(findBeyond(ours, ['%R~shop:session:*'])).toBe('web-a')
})
