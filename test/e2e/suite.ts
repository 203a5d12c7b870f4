import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { Cluster } from '../cluster/cluster.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { clientPod, restrictedNamespace, untilRunning, untilServiceAccount } from './fixtures.ts'
import { Kubectl } from './kubectl.ts'
import { Objects } from './objects.ts'
import { alarmingLines } from './operator-log.ts'

/** What a file of end-to-end tests works with: the cluster, and a namespace of its own with a declared client's pod. */
export interface Suite {
  readonly cluster: Cluster
  readonly objects: Objects
  readonly namespace: string
}

/** Makes the namespace before the tests and removes it after them. The operator is the one that the chart installed. */
export const suite = (namespace: string, { strangers = false } = {}): (() => Suite) => {
  let made: Suite | undefined
  beforeAll(async () => {
    const cluster = await openCluster({ log: () => undefined })
    const objects = new Objects(new Kubectl(cluster))
    await objects.run(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=true'])
    await objects.apply(restrictedNamespace(namespace))
    const pods = [
      clientPod(namespace, 'client', { app: 'web' }),
      ...(strangers ? [clientPod(namespace, 'stranger', { app: 'other' })] : []),
    ]
    await untilServiceAccount(objects, namespace)
    await objects.apply(...pods)
    for (const pod of pods) await untilRunning(objects, namespace, pod.metadata.name)
    made = { cluster, objects, namespace }
  })
  let startedAt = new Date()
  beforeEach(() => {
    startedAt = new Date()
  })
  afterEach(async () => {
    if (made) expect(await alarmingLines(made.objects, startedAt), "errors in the operator's log").toEqual([])
  })
  afterAll(async () => {
    await made?.objects.run(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=true'])
  })
  return () => {
    if (!made) throw new Error('the suite is not set up yet')
    return made
  }
}
