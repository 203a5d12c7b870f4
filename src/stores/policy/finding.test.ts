import { expect, test } from 'vitest'
import { presetOf } from '../../sessions/presets.ts'
import { policyFinding } from './finding.ts'

const ttl = { default: '24h', enforcement: 'Report' } as const
const none = { live: 10, immortal: 0, correctedTotal: 0 }

test("sessions without a time to live are reported with the library's own remedy", () => {
  const finding = policyFinding(ttl, { ...none, immortal: 3 }, presetOf('rails-redis-store'))
  expect(finding).toMatchObject({ status: 'False', reason: 'ImmortalSessions' })
  expect(finding.message).toContain('expire_after')
})

test('a policy that only holds because sweeps correct it says so', () => {
  const finding = policyFinding({ ...ttl, enforcement: 'Enforce' }, { ...none, correctedTotal: 3 }, presetOf('express'))
  expect(finding).toMatchObject({ status: 'True', reason: 'Corrected' })
  expect(finding.message).toContain('disableTTL')
})

test('a store that nobody looks at is not called sound', () => {
  expect(policyFinding({ ...ttl, enforcement: 'Disabled' }, none, presetOf('express')).status).toBe('Unknown')
})
