import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FakeClock, settle } from '../../test/unit/fake-clock.ts'
import { Controller, type Reconcile } from './controller.ts'
import { ApiError, TerminalError } from './errors.ts'
import type { Logger } from './logger.ts'
import { createMetrics } from './metrics.ts'

const recorder = () => {
  const lines: string[] = []
  const log: Logger = {
    debug: (_fields, message) => void lines.push(`debug ${message}`),
    info: (_fields, message) => void lines.push(`info ${message}`),
    warn: (_fields, message) => void lines.push(`warn ${message}`),
    error: (_fields, message) => void lines.push(`error ${message}`),
    child: () => log,
  }
  return { lines, log }
}

const start = (
  reconcile: Reconcile,
  { concurrency = 2, ...more }: { readonly concurrency?: number; readonly yieldsTo?: Controller } = {},
) => {
  const [clock, metrics, stop, work] = [new FakeClock(), createMetrics(), new AbortController(), new AbortController()]
  const { lines, log } = recorder()
  const controller = new Controller({ name: 'test', reconcile, concurrency, manager: { clock, log, metrics }, ...more })
  const running = controller.run(stop.signal, work.signal)
  return { clock, controller, lines, metrics, running, stop, work }
}

const retryable = () => new ApiError('away', { kind: 'retryable', status: 503 })

describe('a controller', () => {
  test('gives reconcile a name, and reconciles again after the time it asked for', async () => {
    const seen: string[] = []
    const { clock, controller } = start((name) => {
      seen.push(`${name.namespace}/${name.name}`)
      return Promise.resolve(seen.length < 3 ? { requeueAfterMs: 1000 } : undefined)
    })
    controller.enqueue({ namespace: 'shop', name: 'web' })
    await clock.advance(999)
    expect(seen).toEqual(['shop/web'])
    await clock.advance(60_000)
    expect(seen).toHaveLength(3)
  })

  test('begins nothing ordinary while another one is at work, and not for long; what is urgent does not wait', async () => {
    const hold = Promise.withResolvers<void>()
    const other = start(() => hold.promise)
    const seen: string[] = []
    const { clock, controller } = start(
      ({ name }) => {
        seen.push(name)
        return Promise.resolve()
      },
      { yieldsTo: other.controller },
    )
    other.controller.enqueue({ name: 'flush' })
    await settle()
    controller.enqueue({ name: 'ordinary' })
    await settle()
    expect(seen).toEqual([])
    await other.clock.advance(250)
    await settle()
    expect(seen).toEqual(['ordinary'])
    // It is held by a worker that waits, when it becomes urgent.
    controller.enqueue({ name: 'urgent' })
    await settle()
    expect(seen).toEqual(['ordinary'])
    controller.enqueue({ name: 'urgent', priority: 'high' })
    await settle()
    expect(seen).toEqual(['ordinary', 'urgent', 'urgent'])

    controller.enqueue({ name: 'later' })
    await settle()
    expect(seen).toHaveLength(3)
    hold.resolve()
    await settle()
    expect(seen.at(-1)).toBe('later')
    await clock.advance(60_000)
    expect(seen).toHaveLength(4)
  })

  test('tries again after an error, with back-off, and logs a passing one loudly once', async () => {
    let tries = 0
    const { clock, controller, lines } = start(() => {
      tries += 1
      return tries < 4 ? Promise.reject(retryable()) : Promise.resolve()
    })
    controller.enqueue({ name: 'a' })
    await clock.advance(5 + 10 + 20)
    expect(tries).toBe(4)
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['warn', 'debug', 'debug'])
  })

  test('starts the back-off anew after a success', async () => {
    const outcomes = ['fail', 'fail', 'fail', 'ok', 'fail', 'ok']
    let tries = 0
    const { clock, controller } = start(() => {
      tries += 1
      return outcomes.shift() === 'fail' ? Promise.reject(retryable()) : Promise.resolve()
    })
    controller.enqueue({ name: 'a' })
    await clock.advance(5 + 10 + 20)
    expect(tries).toBe(4)
    controller.enqueue({ name: 'a' })
    await clock.advance(5)
    expect(tries).toBe(6)
  })

  test('contains what a reconcile throws at once, and says it as an error', async () => {
    let tries = 0
    const { clock, controller, lines } = start(() => {
      tries += 1
      throw new TypeError('a mistake of ours')
    })
    controller.enqueue({ name: 'a' })
    await clock.advance(6)
    expect(tries).toBe(2)
    expect(lines).toEqual(['error reconcile failed, trying again', 'error reconcile failed, trying again'])
  })

  test('does not try again after a terminal error until the object changes', async () => {
    let tries = 0
    const { clock, controller, metrics } = start(() => {
      tries += 1
      return Promise.reject(new TerminalError('the spec makes no sense'))
    })
    controller.enqueue({ name: 'a' })
    await clock.advance(3_600_000)
    expect(tries).toBe(1)
    controller.enqueue({ name: 'a' })
    await clock.advance(0)
    expect(tries).toBe(2)
    const text = await metrics.registry.metrics()
    expect(text).toContain('controller_runtime_terminal_reconcile_errors_total{controller="test"} 2')
  })

  test('reconciles the urgent first, and keeps a failed urgent one urgent', async () => {
    const seen: string[] = []
    const { clock, controller } = start(
      async ({ name }) => {
        seen.push(name)
        await clock.sleep(10)
        if (name === 'flush' && seen.filter((each) => each === 'flush').length < 3) throw retryable()
      },
      { concurrency: 1 },
    )
    for (let index = 0; index < 20; index += 1) controller.enqueue({ name: `resync-${index}` })
    controller.enqueue({ name: 'flush', priority: 'high' })
    await clock.advance(100)
    // the worker had nothing else when resync-0 came; the back-offs of 5 and 10 ms pass while one resync of 10 ms runs
    expect(seen.slice(0, 6)).toEqual(['resync-0', 'flush', 'resync-1', 'flush', 'resync-2', 'flush'])
  })

  test('lets what is in hand finish when it stops, and starts nothing more', async () => {
    const events: string[] = []
    const { clock, controller, running, stop } = start(
      async ({ name }) => {
        events.push(`start ${name}`)
        await clock.sleep(100)
        events.push(`end ${name}`)
      },
      { concurrency: 1 },
    )
    controller.enqueue({ name: 'a' })
    controller.enqueue({ name: 'b' })
    await settle()
    stop.abort()
    await clock.advance(1000)
    await running
    expect(events).toEqual(['start a', 'end a'])
    expect(clock.pending).toBe(0)
  })

  test('does not take a reconcile that was cut short for a failure', async () => {
    const { clock, controller, lines, running, stop, work } = start((_name, { signal }) => clock.sleep(1e6, signal))
    controller.enqueue({ name: 'a' })
    await settle()
    stop.abort()
    work.abort(new Error('the process stops'))
    await running
    expect(lines).toEqual(['debug reconcile cut short: the process stops'])
  })
})

test('never reconciles one object twice at a time, and converges once faults stop', async () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constant('edit' as const), name: fc.constantFrom('a', 'b', 'c'), high: fc.boolean() }),
    fc.record({ kind: fc.constant('tick' as const), ms: fc.integer({ min: 1, max: 200 }) }),
  )
  const outcomes = fc.array(fc.constantFrom('ok', 'retryable', 'throw', 'requeue'), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), outcomes, async (actions, faults) => {
      const desired = new Map<string, number>()
      const reached = new Map<string, number>()
      const active = new Set<string>()
      const queue = [...faults]
      const { clock, controller, running, stop } = start(async ({ name }) => {
        expect(active.has(name)).toBe(false)
        active.add(name)
        const target = desired.get(name) ?? 0
        await clock.sleep(7)
        active.delete(name)
        const fault = queue.shift() ?? 'ok'
        if (fault === 'retryable') throw retryable()
        if (fault === 'throw') throw new Error('a mistake')
        if (fault === 'requeue') return { requeueAfterMs: 50 }
        reached.set(name, target)
        return undefined
      })
      for (const each of actions) {
        if (each.kind === 'edit') {
          desired.set(each.name, (desired.get(each.name) ?? 0) + 1)
          controller.enqueue({ name: each.name, priority: each.high ? 'high' : 'normal' })
        } else await clock.advance(each.ms)
      }
      // 30 faults in a row back off to 60 s each at most
      await clock.advance(30 * 60_000)
      expect(Object.fromEntries(reached)).toEqual(Object.fromEntries(desired))
      stop.abort()
      await running
    }),
    { numRuns: 100 },
  )
})
