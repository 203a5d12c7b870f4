import { expect, test } from 'vitest'
import { parsePeers } from './connected.ts'

const line = (addr: string, user: string, flags = 'N') =>
  `id=3 addr=${addr} laddr=10.0.0.1:6379 fd=8 name= flags=${flags} cmd=get user=${user} redir=-1`

const list = [line('10.0.0.7:41234', 'web-a'), line('[fd00::5]:41235', 'web-b', 'P'), line('10.0.0.9:1', 'operator')]

test('connections of these users are found, by IPv4 and IPv6, whether they ask or only listen', () => {
  expect(parsePeers(`${list.join('\n')}\n`, new Set(['web-a', 'web-b']))).toEqual([
    { user: 'web-a', connection: '10.0.0.7:41234', address: '10.0.0.7' },
    { user: 'web-b', connection: '[fd00::5]:41235', address: 'fd00::5' },
  ])
})
