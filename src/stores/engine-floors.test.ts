import { expect, test } from 'vitest'
import { belowFloor } from './engine-floors.ts'

test.each([
  ['Redis', '8.8.2', 'CVE-2026-81934'],
  ['Redis', '8.8.3', undefined],
  ['Redis', '8.8.10', undefined],
  ['Redis', '8.10.1', 'from 8.10.2 on'],
  ['Redis', '8.0.2', 'Redis 8.0 gets no fixes any more'],
  ['Redis', '9.0.0', undefined],
  ['Redis', '8.12.0', undefined],
  ['Valkey', '9.1.2', 'GHSA-f4q9-j22m-xqq9'],
  ['Valkey', '9.1.3', undefined],
  ['Valkey', '7.2.4', 'from 7.2.15 on'],
] as const)('%s %s: %s', (type, version, says) => {
  const why = belowFloor(type, version)
  if (says === undefined) expect(why).toBeUndefined()
  else expect(why).toContain(says)
})
