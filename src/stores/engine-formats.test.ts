import { expect, test } from 'vitest'
import { canRead } from './engine-formats.ts'

const line = (text: string) => {
  const [type, version = ''] = text.split(' ')
  return { type: type === 'Valkey' ? 'Valkey' : 'Redis', version } as const
}

test.each([
  ['Redis 8.8', 'Redis 8.8'],
  ['Redis 8.8', 'Redis 7.2'],
  ['Redis 8.0', 'Redis 8.4'],
  ['Redis 8.10', 'Redis 8.8'],
  ['Redis 8.12', 'Redis 8.10'],
  ['Redis 8.14', 'Redis 8.12'],
  ['Redis 8.12', 'Valkey 8.1'],
  ['Valkey 9.1', 'Valkey 8.1'],
  ['Valkey 8.0', 'Valkey 8.1'],
  ['Valkey 9.1', 'Redis 7.2'],
  ['Valkey 8.1', 'Redis 7.2'],
  ['Redis 8.0', 'Valkey 8.1'],
  ['Redis 7.2', 'Valkey 8.1'],
])('%s reads what %s has written', (reader, writer) => {
  expect(canRead(line(reader), line(writer))).toBe(true)
})

test.each([
  ['Redis 7.2', 'Redis 7.4'],
  ['Redis 8.4', 'Redis 8.6'],
  ['Redis 8.6', 'Redis 8.8'],
  ['Redis 8.8', 'Redis 8.10'],
  ['Valkey 9.1', 'Redis 7.4'],
  ['Valkey 9.1', 'Redis 8.8'],
  ['Redis 8.10', 'Redis 8.12'],
  ['Valkey 8.1', 'Valkey 9.0'],
  ['Valkey 9.1', 'Valkey 9.2'],
  ['Valkey 9.2', 'Valkey 9.4'],
  ['Valkey 9.4', 'Redis 8.12'],
  ['Redis 8.10', 'Valkey 9.0'],
])('%s does not read what %s has written', (reader, writer) => {
  expect(canRead(line(reader), line(writer))).toBe(false)
})
