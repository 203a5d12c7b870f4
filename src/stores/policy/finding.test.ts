import { expect, test } from 'vitest'
import { presetOf } from '../../sessions/presets.ts'
import { policyFinding } from './finding.ts'

const [report, enforce] = [{ enforcement: 'Report' }, { enforcement: 'Enforce' }] as const
const none = { immortal: 0, overMax: 0, tooOld: 0, corrected: false }

test("sessions without a time to live are reported with the library's own remedy", () => {
  const finding = policyFinding(report, { ...none, immortal: 3 }, presetOf('rails-redis-store'))
  expect(finding).toMatchObject({ status: 'False', reason: 'ImmortalSessions' })
  expect(finding.message).toContain('expire_after')
})

test('sessions over a limit are a breach while nobody acts; what a sweep has just put right is none', () => {
  const preset = presetOf('spring-session')
  expect(policyFinding(report, { ...none, overMax: 1 }, preset).reason).toBe('LongerThanMaximum')
  expect(policyFinding(report, { ...none, tooOld: 1 }, preset).reason).toBe('SessionsTooOld')
  expect(policyFinding(enforce, { ...none, overMax: 1, tooOld: 1 }, preset).status).toBe('True')
})

test('a policy that only holds because sweeps correct it says so, until they need not any more', () => {
  const finding = policyFinding(enforce, { ...none, corrected: true }, presetOf('express'))
  expect(finding).toMatchObject({ status: 'True', reason: 'Corrected' })
  expect(finding.message).toContain('disableTTL')
  expect(policyFinding(enforce, none, presetOf('express')).reason).toBe('AsExpected')
})

test('a store that nobody looks at is not called sound', () => {
  expect(policyFinding({ enforcement: 'Disabled' }, none, presetOf('express')).status).toBe('Unknown')
})
