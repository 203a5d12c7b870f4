import { expect, test } from 'vitest'
import { authorityCertificate, authorityOf, issue } from './authority.ts'
import type { Material } from './material.ts'
import { planCertificate, type CertificateFacts } from './plan-certificate.ts'

const now = new Date('2026-11-25T12:00:00Z')
const authority = (generation: number) => authorityOf(Buffer.alloc(32, 7), 'uid-1', generation)
const ca = [1, 2].map((generation) => authorityCertificate(authority(generation), now)) as [string, string]
const [first, second] = ca
const leaf = (generation: number) =>
  issue(authority(generation), { purpose: 'Server', commonName: 'web', lifetimeMs: 3_600_000, now })
const current = (generation: number, authorities: readonly string[]): Material => ({ ...leaf(generation), authorities })

const facts = (change: Partial<CertificateFacts>): CertificateFacts => ({
  current: current(1, [first]),
  authorities: [first],
  keeps: true,
  loaded: true,
  sinceMs: 1_000,
  overlapMs: 60_000,
  ...change,
})

test.each<readonly [string, Partial<CertificateFacts>, ReturnType<typeof planCertificate>]>([
  ['nothing yet: what is wanted', { current: undefined }, { step: 'write', certificate: 'next', authorities: [first] }],
  ['all as it should be', {}, { step: 'none' }],
  ['a server that has not loaded it is waited for', { loaded: false }, { step: 'wait', until: 'Loaded' }],
  [
    'another certificate of the same authority is used at once',
    { keeps: false, loaded: false },
    { step: 'write', certificate: 'next', authorities: [first] },
  ],
  [
    'another authority is told of before anything is signed by it',
    { keeps: false, authorities: [second] },
    { step: 'write', certificate: 'current', authorities: [second, first] },
  ],
  [
    'until every server trusts it nothing is signed by it',
    { keeps: false, authorities: [second], current: current(1, [second, first]), loaded: false, sinceMs: 99_000 },
    { step: 'wait', until: 'Loaded' },
  ],
  [
    'nor until applications had time to read it',
    { keeps: false, authorities: [second], current: current(1, [second, first]) },
    { step: 'wait', until: 'Overlapped' },
  ],
  [
    'then it is used, and the old one is trusted still',
    { keeps: false, authorities: [second], current: current(1, [second, first]), sinceMs: 60_000 },
    { step: 'write', certificate: 'next', authorities: [second, first] },
  ],
  [
    'a certificate that ends meanwhile is renewed by the authority of before only if that is wanted: it waits',
    { authorities: [second], current: current(2, [second, first]) },
    { step: 'wait', until: 'Overlapped' },
  ],
  [
    'the old one goes last',
    { authorities: [second], current: current(2, [second, first]), sinceMs: 60_000 },
    { step: 'write', certificate: 'current', authorities: [second] },
  ],
  [
    'back to the one of before: it is trusted still, and nobody has anything to learn',
    { authorities: [first], current: current(1, [second, first]), sinceMs: 60_000 },
    { step: 'write', certificate: 'current', authorities: [first] },
  ],
])('%s', (_name, change, step) => {
  const planned = planCertificate(facts(change))
  expect(planned).toEqual(step)
})
