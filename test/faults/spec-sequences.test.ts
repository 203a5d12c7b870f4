import { setTimeout as delay } from 'node:timers/promises'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { sessionStores, type SessionStore } from '../../src/api/resources.ts'
import { isApiError } from '../../src/kubernetes/errors.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { canLogIn } from '../e2e/can-log-in.ts'
import { connectClient, countSessions, isReady, store, writeSessions } from '../e2e/fixtures.ts'
import { conditionOf, secretData, type KubeObject } from '../e2e/objects.ts'
import { isWhole, topology } from '../e2e/replicated/fixture.ts'
import { clusterWithoutOperator } from './without-operator.ts'
import type { RecordedWrite } from '../integration/fault-proxy.ts'
import { openLane, type Lane } from './lane.ts'
import { ownedObjects } from './owned-objects.ts'
import { refusedEdits, unworkableEdits, validEdits, type WrittenSpec } from './spec-edits.ts'

// SEQUENCES=20 runs more of them, LANES=4 so many at a time, SEED=… others, SHRINK=1 looks for the shortest one that fails.
const sequences = Number(process.env['SEQUENCES'] ?? 3)
const lanes = Number(process.env['LANES'] ?? 1)
const seed = Number(process.env['SEED'] ?? 4711)
const endOnFailure = process.env['SHRINK'] !== '1'

const cluster = clusterWithoutOperator()

const canaries = 200

type Step =
  | { readonly kind: 'valid'; readonly index: number }
  | { readonly kind: 'refused'; readonly index: number }
  | { readonly kind: 'unworkable'; readonly index: number }

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('valid' as const), index: fc.nat(validEdits.length - 1) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('refused' as const), index: fc.nat(refusedEdits.length - 1) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('unworkable' as const), index: fc.nat(unworkableEdits.length - 1) }),
    },
  ),
  { minLength: 3, maxLength: 7 },
)

const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index]
  if (item === undefined) throw new Error(`there is no item ${index}`)
  return item
}

const isSameTarget = (a: RecordedWrite, b: RecordedWrite): boolean =>
  a.path === b.path && a.fieldManager === b.fieldManager

/** Of two bodies of writes to the same object the part in which they differ, and 200 characters before it. */
const changeOf = (before = '', after: string) => {
  let first = 0
  while (first < after.length && before[first] === after[first]) first += 1
  const part = (body: string) => body.slice(Math.max(0, first - 200), first + 200)
  return { before: part(before), after: part(after) }
}

class Sequence {
  readonly #lane: Lane
  readonly #name: string
  #spec: WrittenSpec
  #number = 0
  readonly log: string[] = []

  constructor(lane: Lane, name: string, spec: WrittenSpec) {
    this.#lane = lane
    this.#name = name
    this.#spec = spec
  }

  /** As `kubectl edit` does: the operator may write status in between. */
  async #put(spec: WrittenSpec): Promise<void> {
    const { api, namespace } = this.#lane
    for (;;) {
      const current = await api.get(sessionStores, { namespace, name: this.#name })
      try {
        await api.replace(sessionStores, { ...current, spec } as SessionStore)
        return
      } catch (error) {
        if (!isApiError(error, 'conflict')) throw error
      }
    }
  }

  async #read(): Promise<KubeObject> {
    return await this.#lane.objects.get('sessionstore', this.#name, this.#lane.namespace)
  }

  /** What the spec asks for is in force, and status says so and nothing else. */
  async #untilSettled(): Promise<void> {
    const { topology: { mode, replicas = 2 } = {} } = this.#spec
    let last: KubeObject | undefined
    try {
      await waitUntil(
        `${this.#name} is settled`,
        async () => {
          last = await this.#read()
          const settled = ['Progressing', 'Degraded'].every(
            (type) => conditionOf(last as KubeObject, type)?.status === 'False',
          )
          const current = ['CredentialsCurrent', 'CertificateCurrent', 'MemorySafe', 'EngineSupported'].every(
            (type) => {
              const condition = conditionOf(last as KubeObject, type)
              return condition === undefined || condition.status === 'True'
            },
          )
          return isReady(last) && settled && current && (mode !== 'Replicated' || isWhole(replicas)(last))
        },
        { timeoutMs: 120_000, intervalMs: 200 },
      )
    } catch (error) {
      throw new Error(`${String(error)}; last seen: ${JSON.stringify(last?.['status'])}`, { cause: error })
    }
  }

  /** Ready is true: a client logs in by what its Secret says, and every session is there. */
  async #expectHonest(): Promise<void> {
    const { cluster: at, objects, namespace } = this.#lane
    const secret = secretData(await objects.get('secret', `${this.#name}-web`, namespace))
    expect(await canLogIn(this.#lane, this.#name, secret)).toBe('OK')
    const client = await connectClient(at, objects, namespace, this.#name)
    expect(await countSessions(client.redis, canaries), 'sessions').toBe(canaries)
    client.redis.disconnect()
    await client.close()
  }

  async begin(): Promise<void> {
    const { cluster: at, objects, namespace } = this.#lane
    await objects.apply(store(namespace, this.#name, { spec: this.#spec }))
    await this.#untilSettled()
    const client = await connectClient(at, objects, namespace, this.#name)
    await writeSessions(client.redis, canaries)
    client.redis.disconnect()
    await client.close()
    this.#spec = (await this.#read())['spec'] as WrittenSpec
  }

  async do(step: Step): Promise<void> {
    this.#number += 1
    switch (step.kind) {
      case 'valid': {
        const { name, change } = at(validEdits, step.index)
        this.log.push(name)
        this.#spec = change(this.#spec, this.#number)
        await this.#put(this.#spec)
        await this.#untilSettled()
        break
      }
      case 'refused': {
        const { name, change, says } = at(refusedEdits, step.index)
        this.log.push(`refused: ${name}`)
        const { metadata } = await this.#read()
        await expect(this.#put(change(this.#spec, this.#number)), name).rejects.toThrow(says)
        expect((await this.#read()).metadata).toMatchObject({
          generation: (metadata as { generation?: number }).generation,
        })
        break
      }
      case 'unworkable': {
        const { name, change, condition, reason } = at(unworkableEdits, step.index)
        const changed = change(this.#spec, this.#number)
        if (changed === this.#spec) break
        this.log.push(`unworkable: ${name}`)
        await this.#put(changed)
        await waitUntil(`${name} is told`, async () => conditionOf(await this.#read(), condition)?.reason === reason, {
          timeoutMs: 30_000,
        })
        await this.#expectHonest()
        await this.#put(this.#spec)
        await this.#untilSettled()
        break
      }
      default:
        step satisfies never
    }
    await this.#expectHonest()
  }

  /** It became what a new store of the same spec becomes, and stays so. */
  async end(): Promise<void> {
    const { objects, namespace, proxy } = this.#lane
    const fresh = `${this.#name}f`
    await objects.apply(store(namespace, fresh, { spec: this.#spec }))
    const other = new Sequence(this.#lane, fresh, this.#spec)
    await other.#untilSettled()
    expect(await ownedObjects(this.#lane, this.#name)).toEqual(await ownedObjects(this.#lane, fresh))
    await delay(1_000)
    const from = proxy.writes.length
    await delay(5_000)
    const written = proxy.writes
      .slice(from)
      .filter(({ resource }) => !['leases.coordination.k8s.io', 'events.events.k8s.io'].includes(resource))
      .map((write) => ({
        fieldManager: write.fieldManager,
        path: write.path,
        ...changeOf(
          proxy.writes.findLast((each) => each.index < write.index && isSameTarget(each, write))?.body,
          write.body,
        ),
      }))
    // Sessions are counted each 30 s: that look may still find what the last edit made, once for each of the two.
    const counts = written.filter(({ fieldManager }) => fieldManager === 'session-store-operator-policy')
    const others = written.filter((each) => !counts.includes(each))
    if (others.length > 0 || new Set(counts.map(({ path }) => path)).size < counts.length) {
      throw new Error(`written although nothing changed: ${JSON.stringify(written)}`)
    }
    await this.remove()
    await other.remove()
  }

  async remove(): Promise<void> {
    const { objects, namespace } = this.#lane
    await objects.delete('sessionstore', this.#name, namespace, '--wait=true')
    // What deletionPolicy: Retain leaves would be taken over by the next one of that name.
    await objects.run(['delete', 'secrets', '-n', namespace, '-l', `app.kubernetes.io/instance=${this.#name}`])
  }
}

/** So many sequences, one after the other, in a namespace of their own. */
const runLane = async (number: number, runs: number): Promise<void> => {
  const lane = await openLane(cluster(), `faults-sequences-${number}`)
  try {
    await lane.start()
    let count = 0
    await fc.assert(
      fc.asyncProperty(fc.boolean(), steps, async (replicated, list) => {
        count += 1
        const name = `s${count}`
        const sequence = new Sequence(lane, name, replicated ? topology(1) : {})
        const mode = replicated ? 'Replicated' : 'Standalone'
        const startedMs = performance.now()
        try {
          await sequence.begin()
          for (const step of list) await sequence.do(step)
          await sequence.end()
        } catch (error) {
          await sequence.remove()
          throw new Error(`${mode}, ${sequence.log.join(', ')}: ${String(error)}`, { cause: error })
        }
        const seconds = ((performance.now() - startedMs) / 1000).toFixed(0)
        console.log(`${number}/${name}, ${mode}: ${sequence.log.join(', ')}: ${seconds} s`)
      }),
      { numRuns: runs, seed: seed + number, endOnFailure },
    )
  } finally {
    await lane.close()
  }
}

test(
  `${sequences} sequences of edits, valid and not: nobody loses a session, and the end is what a new store becomes`,
  async () => {
    const runs = Math.ceil(sequences / lanes)
    const ended = await Promise.allSettled(Array.from({ length: lanes }, (_, number) => runLane(number, runs)))
    const failed = ended.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []))
    // What was edited and what was wrong then, and after it how to run that again, is the error itself.
    if (failed.length > 0)
      throw new Error(failed.map(({ message, cause }) => `${String(cause)}: ${message}`).join('; '))
  },
  sequences * 300_000,
)
