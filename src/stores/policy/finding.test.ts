import { expect, test } from 'vitest'
import { presetOf } from '../../sessions/presets.ts'
import { policyFinding } from './finding.ts'

const report = { enforcement: 'Report', acts: false } as const
const enforce = { enforcement: 'Enforce', acts: true } as const
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
  expect(policyFinding({ enforcement: 'Disabled', acts: false }, none, presetOf('express')).status).toBe('Unknown')
})

test('sessions without an end that come in between two sweeps do not make an enforced policy a broken one', () => {
  const finding = policyFinding(enforce, { ...none, immortal: 5, corrected: true }, presetOf('rails-redis-store'))
  expect(finding).toMatchObject({ status: 'True', reason: 'Corrected' })
  expect(finding.message).toContain('expire_after')
  expect(policyFinding(enforce, { ...none, immortal: 5 }, presetOf('express')).reason).toBe('ImmortalSessions')
})

test('nobody puts anything right in a paused store, and it says so', () => {
  const paused = { enforcement: 'Enforce', acts: false } as const
  const finding = policyFinding(paused, { ...none, tooOld: 1 }, presetOf('spring-session'))
  expect(finding).toMatchObject({ status: 'False', reason: 'SessionsTooOld' })
  expect(finding.message).toContain('spec.maintenance.paused')
})

test('a sweep that Redis refuses leaves nothing known', () => {
  const finding = policyFinding({ ...enforce, failure: 'EVAL: MISCONF' }, none, presetOf('express'))
  expect(finding).toMatchObject({ status: 'Unknown', reason: 'SweepFailed' })
  expect(finding.message).toContain('MISCONF')
})
