import { expect, test } from 'vitest'
import { auditRecords, sessionStores } from '../../src/api/resources.ts'
import { canLogIn } from '../e2e/can-log-in.ts'
import { countSessions, store, writeSessions } from '../e2e/fixtures.ts'
import { secretData } from '../e2e/objects.ts'
import { topology, untilWhole } from '../e2e/replicated/fixture.ts'
import { clusterWithoutOperator } from './without-operator.ts'
import { isEveryPoint, killAt, label, pointsOf, strikesAt, type Point, type Strike } from './crash-points.ts'
import { expectChain, makeStore } from './flush-run.ts'
import { openLane, type Lane } from './lane.ts'
import type { OperatorProcess } from './operator-process.ts'
import { ownedObjects } from './owned-objects.ts'

const cluster = clusterWithoutOperator()

/** Lets the operator make that write, kills it there, and has another one go on when `act` has been asked for. */
const crash = async (
  lane: Lane,
  operator: OperatorProcess,
  { point, when }: Strike,
  { act, done }: { readonly act: () => Promise<void>; readonly done: () => Promise<unknown> },
): Promise<OperatorProcess> => {
  const killed = killAt(lane, point, when, operator)
  await act()
  await Promise.race([killed.done, done()])
  // How often status and labels are written depends on what a pass happens to see: this run had no such write.
  if (!killed.isReached()) {
    lane.proxy.faults.clear()
    return operator
  }
  await killed.done
  lane.proxy.faults.clear()
  await lane.expireLease()
  const next = await lane.start()
  await done()
  return next
}

/** What a store is made of. Between two writes of such objects the operator does nothing that anybody could see. */
const isPlain = ({ resource }: Point): boolean =>
  !['sessionstores.sessionstore.dev', 'auditrecords.sessionstore.dev', 'pods'].includes(resource)

/** Once where the world before a write is the one after the write before. */
const withoutSame = (points: readonly Point[]): readonly Strike[] =>
  strikesAt(points).filter(({ point, when }) => {
    const previous = points[points.indexOf(point) - 1]
    return !isEveryPoint || when === 'after' || previous === undefined || !isPlain(previous) || !isPlain(point)
  })

test.concurrent('killed at every write of the creation of a store: it becomes the same', async () => {
  const lane = await openLane(cluster(), 'faults-create')
  const { namespace, objects } = lane
  try {
    let operator = await lane.start()
    const spec = { ...topology(1), tls: { mode: 'Managed' } }
    const make = async (name: string) => await objects.apply(store(namespace, name, { spec }))
    const done = async (name: string) => await untilWhole(lane, name, { replicas: 1 })
    const expectSame = async (name: string) => {
      const secret = secretData(await objects.get('secret', `${name}-web`, namespace))
      expect(await canLogIn(lane, name, secret), name).toBe('OK')
      const { metadata, status } = await lane.api.get(sessionStores, { namespace, name })
      expect(status?.primary, name).toMatchObject({ term: 1 })
      const records = await lane.api.list(auditRecords, { namespace })
      const own = records.filter(({ spec: { entry } }) => entry.storeUid === metadata.uid)
      expect(
        own.map(({ spec: { entry } }) => entry.type),
        name,
      ).toEqual(['PrimaryChanged'])
      return await ownedObjects(lane, name)
    }
    await make('reference')
    await done('reference')
    const reference = await expectSame('reference')
    const written = lane.proxy.writes
    const recorded = written.findLastIndex(({ resource }) => resource === 'auditrecords.sessionstore.dev')
    const own = written.slice(0, recorded + 2).filter(({ name }) => name === undefined || !name.startsWith('faults'))
    const points = pointsOf(own)
    console.log(`create: ${points.map(label).join(', ')}`)
    let crashes = 0
    for (const [index, strike] of withoutSame(points).entries()) {
      const { where } = strike
      const name = `s${index}`
      try {
        const next = await crash(lane, operator, strike, { act: () => make(name), done: () => done(name) })
        if (next !== operator) crashes += 1
        operator = next
        expect(await expectSame(name), where).toEqual(reference)
      } catch (error) {
        throw new Error(`killed ${where}: ${String(error)}`, { cause: error })
      }
      await objects.delete('sessionstore', name, namespace, '--wait=false')
    }
    // Secrets, configuration, policy, set, Services, the primary's endpoints, its term, the record.
    expect(crashes).toBeGreaterThanOrEqual(isEveryPoint ? 20 : 15)
    await expectChain(lane)
  } finally {
    await lane.close()
  }
})

test.concurrent('killed at every write of a change of the number of replicas: no session is lost', async () => {
  const lane = await openLane(cluster(), 'faults-scale')
  const { api, namespace } = lane
  const sessions = 1000
  try {
    let operator = await lane.start()
    const made = await makeStore(lane, 'web', topology(1))
    await writeSessions(made.redis, sessions)
    await untilWhole(lane, 'web', { replicas: 1 })
    let replicas = 1
    const scale = async () => {
      replicas = 3 - replicas
      await api.patch(sessionStores, { namespace, name: 'web' }, { spec: { topology: { replicas } } })
    }
    const done = async () => {
      await untilWhole(lane, 'web', { replicas })
      await lane.objects.until('statefulset', 'web', namespace, 'scaled', (set) => {
        const { status } = set as unknown as { status?: { readyReplicas?: number; replicas?: number } }
        return status?.readyReplicas === replicas + 1 && status.replicas === replicas + 1
      })
    }
    const points: Point[] = []
    for (const direction of ['up', 'down']) {
      const from = lane.proxy.writes.length
      await scale()
      await done()
      const found = pointsOf(lane.proxy.writes.slice(from))
      console.log(`scale ${direction}: ${found.map(label).join(', ')}`)
      points.push(...found.filter(({ nth }) => nth <= 2))
    }
    let crashes = 0
    for (const strike of withoutSame(points)) {
      const { where } = strike
      try {
        const next = await crash(lane, operator, strike, { act: scale, done })
        if (next !== operator) crashes += 1
        operator = next
        expect(await countSessions(made.redis, sessions), where).toBe(sessions)
        const { status } = await api.get(sessionStores, { namespace, name: 'web' })
        expect(status?.nodes, where).toHaveLength(replicas + 1)
      } catch (error) {
        throw new Error(`killed ${where}: ${String(error)}`, { cause: error })
      }
    }
    expect(crashes).toBeGreaterThanOrEqual(isEveryPoint ? 6 : 3)
    await expectChain(lane)
    await made.close()
  } finally {
    await lane.close()
  }
})
