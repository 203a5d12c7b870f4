import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { auditRecords, sessionStores } from '../../src/api/resources.ts'
import type { CredentialStatus } from '../../src/api/session-store-status.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { canLogIn } from '../e2e/can-log-in.ts'
import { conditionOf, secretData, type KubeObject } from '../e2e/objects.ts'
import { clusterWithoutOperator } from './without-operator.ts'
import { killAt, label, pointsOf, strikesAt, type Strike } from './crash-points.ts'
import { expectChain, makeStore } from './flush-run.ts'
import { openLane, type Lane } from './lane.ts'
import type { OperatorProcess } from './operator-process.ts'

const cluster = clusterWithoutOperator()

const name = 'web'

/** Asks for a new password, and for the old one to go at once. */
const rotate = async ({ api, namespace }: Lane, request: string): Promise<void> => {
  const from = [{ podSelector: { matchLabels: { app: 'web' } } }]
  const client = { name: 'web', from, rotation: { request, force: request } }
  await api.patch(sessionStores, { namespace, name }, { spec: { clients: [client] } })
}

const readSecret = async ({ objects, namespace }: Lane) =>
  secretData(await objects.get('secret', `${name}-web`, namespace))

const untilRotated = async (lane: Lane, request: string): Promise<CredentialStatus> => {
  let seen: unknown
  try {
    return await waitUntil(
      `${request} is done`,
      async () => {
        const object = await lane.api.get(sessionStores, { namespace: lane.namespace, name })
        const credential = object.status?.credentials?.find(({ client }) => client === 'web')
        const condition = conditionOf(object as unknown as KubeObject, 'CredentialsCurrent')
        seen = { credential, condition }
        const isDone = credential?.request === request && credential.retiring === undefined
        return isDone && condition?.reason === 'Current' && credential
      },
      { timeoutMs: 30_000, intervalMs: 50 },
    )
  } catch (error) {
    throw new Error(`${String(error)}; last seen: ${JSON.stringify(seen)}`, { cause: error })
  }
}

/** The Secret's password is the one that works, and each rotation is on record once. */
const expectRotated = async (lane: Lane, request: string, old: Readonly<Record<string, string>>, count: number) => {
  const credential = await untilRotated(lane, request)
  const secret = await readSecret(lane)
  expect(secret['username'], request).toBe(credential.user)
  expect(secret['password'], request).not.toBe(old['password'])
  expect(await canLogIn(lane, name, secret), request).toBe('OK')
  expect(await canLogIn(lane, name, old), request).toMatch(/WRONGPASS|NOAUTH/)
  expect(credential.rotations, request).toBe(count)
  const records = await lane.api.list(auditRecords, { namespace: lane.namespace })
  const rotations = records
    .map(({ spec }) => spec.entry)
    .filter(({ type }) => type === 'CredentialRotated')
    .map(({ details }) => Number(details['rotations']))
  expect(
    rotations.toSorted((a, b) => a - b),
    request,
  ).toEqual(Array.from({ length: count }, (_, index) => index + 1))
  await expectChain(lane)
}

/** Kills the operator at that write of a rotation, and has another one go on. */
const crash = async (
  lane: Lane,
  operator: OperatorProcess,
  { point, when }: Strike,
  request: string,
): Promise<OperatorProcess> => {
  const killed = killAt(lane, point, when, operator)
  await rotate(lane, request)
  await Promise.race([
    killed.done,
    untilRotated(lane, request).then(async () => {
      // After the last write: the API server may show it before the proxy has its answer.
      await Promise.race([killed.done, delay(2_000)])
      if (!killed.isReached()) throw new Error(`it was done, and the operator never came to ${label(point)}`)
      await killed.done
    }),
  ])
  lane.proxy.faults.clear()
  await lane.expireLease()
  return await lane.start()
}

test('killed at every write of a rotation: one password works, and each rotation is on record once', async () => {
  const lane = await openLane(cluster(), 'faults-rotation')
  try {
    let operator = await lane.start()
    const store = await makeStore(lane, name)
    let old = await readSecret(lane)
    let count = 1
    const from = lane.proxy.writes.length
    await rotate(lane, 'reference')
    await expectRotated(lane, 'reference', old, count)
    const points = pointsOf(lane.proxy.writes.slice(from))
    console.log(points.map(label).join(', '))
    // The new user, the client's Secret, the old user's end.
    expect(points.filter(({ resource }) => resource === 'secrets').length).toBeGreaterThanOrEqual(3)
    for (const strike of strikesAt(points)) {
      const request = `${strike.when}-${count}`
      old = await readSecret(lane)
      count += 1
      try {
        operator = await crash(lane, operator, strike, request)
        await expectRotated(lane, request, old, count)
      } catch (error) {
        throw new Error(`killed ${strike.where}: ${String(error)}`, { cause: error })
      }
    }
    await store.close()
  } finally {
    await lane.close()
  }
})
