import { expect, test } from 'vitest'
import { aclFile, clientUser, fenceUser, ownUsers } from './acl.ts'

const access = {
  name: 'web-a',
  passwordHash: '#abc',
  keyPrefix: 'shop:session',
  commands: ['+get', '+set'],
  channels: [],
}

test('a client can reach its prefix and its commands, and nothing else', () => {
  expect(aclFile([clientUser({ ...access, fenced: false })])).toBe(
    'user web-a reset on #abc ~shop:session:* -@all +get +set\n',
  )
})

test('a client that is told of ends hears its own channels, and no others', () => {
  const { rules } = clientUser({ ...access, channels: ['__keyevent@0__:del'], fenced: false })
  expect(rules.filter((rule) => rule.startsWith('&'))).toEqual(['&__keyevent@0__:del'])
})

test('a fenced client can read its prefix and write nothing', () => {
  expect(clientUser({ ...access, fenced: true }).rules).toContain('%R~shop:session:*')
  expect(clientUser({ ...access, fenced: true }).rules).not.toContain('~shop:session:*')
})

test('the live fence takes keys only: who is logged in stays so, and commands stay as they are', () => {
  expect(fenceUser('web-a', 'shop:session')).toEqual(['ACL', 'SETUSER', 'web-a', 'resetkeys', '%R~shop:session:*'])
})

test('nobody can log in as default, and a server that reads its append-only file can do everything as default', () => {
  const [user] = ownUsers({ operator: '#op', replication: [] })
  expect(user).toEqual({ name: 'default', rules: ['reset', 'off', '~*', '&*', '+@all'] })
})

test('the operator has a list of commands, no category', () => {
  const operator = ownUsers({ operator: '#op', replication: [] }).find((user) => user.name === 'operator')
  expect(operator?.rules.filter((rule) => rule.startsWith('+@'))).toEqual([])
})
