import { beforeAll, expect, test } from 'vitest'
import { store, untilReady } from '../e2e/fixtures.ts'
import { conditionOf, type KubeObject } from '../e2e/objects.ts'
import { suite } from '../e2e/suite.ts'
import { deploy, loadApplications } from './application.ts'

const at = suite('clients-immortal')

beforeAll(async () => loadApplications(at()))

const sessionsOf = (object: KubeObject) =>
  (object['status'] as { sessions?: { live: number; immortal: number; correctedTotal: number } } | undefined)?.sessions

test('sessions of a Rails application without expire_after are found, its remedy is named, and Enforce gives each an end', async () => {
  const { objects, namespace } = at()
  const sessions = { client: 'rails-redis-store', keyPrefix: 'shop:session' }
  await objects.apply(
    store(namespace, 'blog', { spec: { sessions: { ...sessions, ttl: { default: '1h', enforcement: 'Report' } } } }),
  )
  await untilReady(objects, namespace, 'blog')
  const users = await deploy(at(), { framework: 'rails', store: 'blog' })
  try {
    const cookies = await users.logIn(30)
    const found = await objects.until(
      'sessionstore',
      'blog',
      namespace,
      '30 immortal sessions',
      (each) => sessionsOf(each)?.immortal === 30,
    )
    const finding = conditionOf(found, 'PolicyMet')
    expect(finding).toMatchObject({ status: 'False', reason: 'ImmortalSessions' })
    expect(finding?.message).toContain('expire_after')

    await objects.patch('sessionstore', 'blog', namespace, { spec: { sessions: { ttl: { enforcement: 'Enforce' } } } })
    const corrected = await objects.until(
      'sessionstore',
      'blog',
      namespace,
      'no immortal session',
      (each) => sessionsOf(each)?.immortal === 0,
    )
    expect(sessionsOf(corrected)).toMatchObject({ live: 30, correctedTotal: 30 })
    expect(conditionOf(corrected, 'PolicyMet')).toMatchObject({ status: 'True', reason: 'Corrected' })
    expect(await users.check(cookies), 'nobody was logged out by it').toEqual({ alive: 30, refused: 0, errors: 0 })
  } finally {
    await users.close()
  }
})
