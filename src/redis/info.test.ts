import { expect, test } from 'vitest'
import { parseInfo } from './info.ts'

/** What Redis 8.0.2 and Valkey 9.1.2 said themselves. They end lines with CR LF. */
const reply = (text: string): string => text.trim().replaceAll(/\n\s*/g, '\r\n')

const primaryOfRedis = reply(`
  # Replication
  role:master
  connected_slaves:2
  slave0:ip=127.0.0.1,port=21004,state=online,offset=0,lag=1
  slave1:ip=127.0.0.1,port=21006,state=send_bulk_and_stream,offset=0,lag=0
  master_failover_state:no-failover
  master_replid:1aafc7c859026ae5b67233475744dc722d78d48e
  master_replid2:ffc672199956f7c8479ffb9d74da002955d13e99
  master_repl_offset:200104780
  second_repl_offset:31868
  repl_backlog_active:1
  repl_backlog_size:1048576
  repl_backlog_first_byte_offset:199017681
  repl_backlog_histlen:1087100`)

const primaryOfValkey = reply(`
  # Replication
  role:master
  connected_slaves:2
  slave0:ip=127.0.0.1,port=21016,state=online,offset=0,lag=1,type=replica
  slave1:ip=127.0.0.1,port=21014,state=online,offset=0,lag=1,type=replica
  replicas_waiting_psync:0
  master_failover_state:no-failover
  master_replid:84e4153eb49b708451888098dbd656b5ab9f9279
  master_replid2:6c36997ed261e9f096c253636418a5b4a188697e
  master_repl_offset:200104794
  second_repl_offset:31882`)

const syncedReplica = reply(`
  # Replication
  role:slave
  master_host:127.0.0.1
  master_port:21005
  master_link_status:up
  master_last_io_seconds_ago:0
  master_sync_in_progress:0
  slave_read_repl_offset:200104780
  slave_repl_offset:200104780
  replica_full_sync_buffer_size:0
  slave_priority:100
  slave_read_only:1
  connected_slaves:0
  master_failover_state:no-failover
  master_replid:1aafc7c859026ae5b67233475744dc722d78d48e
  master_replid2:ffc672199956f7c8479ffb9d74da002955d13e99
  master_repl_offset:200104780
  second_repl_offset:31868`)

const gatedReplica = reply(`
  # Replication
  role:slave
  master_host:127.0.0.1
  master_port:1
  master_link_status:down
  master_last_io_seconds_ago:-1
  master_sync_in_progress:0
  slave_read_repl_offset:200104780
  slave_repl_offset:200104780
  master_link_down_since_seconds:1
  slave_priority:100
  connected_slaves:0
  master_failover_state:no-failover
  master_replid:1aafc7c859026ae5b67233475744dc722d78d48e
  master_replid2:ffc672199956f7c8479ffb9d74da002955d13e99
  master_repl_offset:200104780
  second_repl_offset:31868`)

const syncingReplica = reply(`
  # Replication
  role:slave
  master_host:127.0.0.1
  master_port:21015
  master_link_status:down
  master_last_io_seconds_ago:-1
  master_sync_in_progress:1
  slave_read_repl_offset:0
  slave_repl_offset:0
  master_sync_total_bytes:0
  master_sync_read_bytes:2200537
  master_sync_left_bytes:-2200537
  master_sync_last_io_seconds_ago:0
  master_link_down_since_seconds:-1
  connected_slaves:0
  master_replid:173d9a2cea18a22b46c13b988d027173a064c99c
  master_replid2:0000000000000000000000000000000000000000
  master_repl_offset:0
  second_repl_offset:-1`)

/** Valkey, with all its data, tries SYNC on a primary that has restarted behind its gate, and is refused. */
const refusedReplica = reply(`
  role:slave
  master_host:127.0.0.1
  master_port:21014
  master_link_status:down
  master_last_io_seconds_ago:-1
  master_sync_in_progress:1
  slave_read_repl_offset:31831
  slave_repl_offset:31831
  master_sync_total_bytes:-1
  master_sync_read_bytes:0
  master_link_down_since_seconds:4
  master_replid:173d9a2cea18a22b46c13b988d027173a064c99c
  master_replid2:0000000000000000000000000000000000000000
  master_repl_offset:31831
  second_repl_offset:-1`)

const ofRedis = {
  id: '1aafc7c859026ae5b67233475744dc722d78d48e',
  earlierId: 'ffc672199956f7c8479ffb9d74da002955d13e99',
  offset: 200_104_780,
}
const firstOfValkey = { id: '173d9a2cea18a22b46c13b988d027173a064c99c', earlierId: undefined }
const replicaOf = { primaryHost: '127.0.0.1', onlineReplicas: [] }
const noReplica = { primaryHost: undefined, linkUp: false, syncing: false, lastIoSeconds: undefined }

test.each([
  [
    'a primary counts the replicas that are online, and no other',
    primaryOfRedis,
    'primary',
    { ...ofRedis, ...noReplica, onlineReplicas: ['127.0.0.1'] },
  ],
  [
    'Valkey says more of each replica, and it is read all the same',
    primaryOfValkey,
    'primary',
    {
      id: '84e4153eb49b708451888098dbd656b5ab9f9279',
      earlierId: '6c36997ed261e9f096c253636418a5b4a188697e',
      offset: 200_104_794,
      ...noReplica,
      onlineReplicas: ['127.0.0.1', '127.0.0.1'],
    },
  ],
  [
    'a replica whose link is up has just heard',
    syncedReplica,
    'replica',
    { ...ofRedis, ...replicaOf, linkUp: true, syncing: false, lastIoSeconds: 0 },
  ],
  [
    'a replica behind its gate keeps its history, and has heard before its link broke',
    gatedReplica,
    'replica',
    { ...ofRedis, ...replicaOf, linkUp: false, syncing: false, lastIoSeconds: 1 },
  ],
  [
    'a replica that takes over the data has no earlier history, and never heard',
    syncingReplica,
    'replica',
    { ...firstOfValkey, ...replicaOf, offset: 0, linkUp: false, syncing: true, lastIoSeconds: undefined },
  ],
  [
    'a Valkey that is refused a synchronisation says that it has one, and how far it is',
    refusedReplica,
    'replica',
    { ...firstOfValkey, ...replicaOf, offset: 31_831, linkUp: false, syncing: true, lastIoSeconds: 4 },
  ],
] as const)('%s', (_sentence, text, role, replication) => {
  const info = parseInfo(text)
  expect(info.role).toBe(role)
  expect(info.replication).toEqual(replication)
})

test.each([
  ['of Redis', 'keys=1000,expires=0,avg_ttl=0,subexpiry=0'],
  ['of Valkey', 'keys=1000,expires=0,avg_ttl=0,keys_with_volatile_items=0'],
])('the keys of database 0 are read: %s', (_whose, db0) => {
  expect(parseInfo(`# Keyspace\r\ndb0:${db0}\r\n`).keyspace).toEqual({ keys: 1000, expires: 0 })
})

test('without a line of database 0 there is no key', () => {
  expect(parseInfo(gatedReplica).keyspace).toEqual({ keys: 0, expires: 0 })
})

test('a process that reads its data says so', () => {
  expect(parseInfo('loading:1').loading).toBe(true)
  expect(parseInfo('loading:0').loading).toBe(false)
})

test("of Valkey its own version is told, not the one that it answers for Redis' clients", () => {
  expect(parseInfo('redis_version:7.2.4\r\nvalkey_version:9.1.2').version).toBe('9.1.2')
})
