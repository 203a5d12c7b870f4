import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FakeClock, settle } from '../../test/unit/fake-clock.ts'
import { createMetrics } from './metrics.ts'
import { Workqueue } from './workqueue.ts'

const make = (options: Partial<ConstructorParameters<typeof Workqueue>[0]> = {}) => {
  const clock = new FakeClock()
  return { clock, queue: new Workqueue({ name: 'test', clock, ...options }) }
}

/** What a queue hands out now, without waiting for more. */
const takeAll = async (queue: Workqueue): Promise<string[]> => {
  const keys: string[] = []
  while (queue.length > 0) {
    const item = await queue.get()
    if (item) keys.push(item.key)
  }
  return keys
}

describe('a workqueue', () => {
  test('hands out a key once, however often it was added', async () => {
    const { queue } = make()
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key)
    expect(await takeAll(queue)).toEqual(['a', 'b'])
  })

  test('hands out a key again after done, when it was added while in work', async () => {
    const { queue } = make()
    queue.add('a')
    await queue.get()
    queue.add('a')
    expect(queue.length).toBe(0)
    queue.done('a')
    expect(await takeAll(queue)).toEqual(['a'])
  })

  test('hands out high before normal, and a key that was upgraded keeps high', async () => {
    const { queue } = make()
    queue.add('resync-1')
    queue.add('resync-2')
    queue.add('flush', { priority: 'high' })
    queue.add('resync-2', { priority: 'high' })
    queue.add('resync-2', { priority: 'normal' })
    expect(await takeAll(queue)).toEqual(['flush', 'resync-2', 'resync-1'])
  })

  test('gives a key that became urgent while in work back to the high lane', async () => {
    const { queue } = make()
    queue.add('a')
    await queue.get()
    queue.add('a', { priority: 'high' })
    queue.add('b')
    queue.done('a')
    expect(await queue.get()).toEqual({ key: 'a', priority: 'high' })
  })

  test('doubles the wait of a failing key from 5 ms to the cap, and starts again once forgotten', async () => {
    const { clock, queue } = make({ maxDelayMs: 40 })
    const waits: number[] = []
    const fail = async () => {
      const before = clock.monotonicMs()
      queue.addRateLimited('a')
      while (queue.length === 0) await clock.advance(1)
      waits.push(clock.monotonicMs() - before)
      await queue.get()
      queue.done('a')
    }
    for (let tries = 0; tries < 5; tries += 1) await fail()
    queue.forget('a')
    await fail()
    expect(waits).toEqual([5, 10, 20, 40, 40, 5])
  })

  test('holds retries of all normal keys together to the bucket, but not urgent ones', async () => {
    const { clock, queue } = make({ retriesPerSecond: 10, retryBurst: 2 })
    for (let index = 0; index < 12; index += 1) queue.addRateLimited(`key-${index}`)
    queue.addRateLimited('flush', { priority: 'high' })
    await clock.advance(5)
    expect(await takeAll(queue)).toEqual(['flush', 'key-0', 'key-1'])
    await clock.advance(1000)
    expect(await takeAll(queue)).toHaveLength(10)
  })

  test('keeps the earliest of the times asked for, and one entry', async () => {
    const { clock, queue } = make()
    queue.addAfter('a', 1000)
    queue.addAfter('a', 100)
    queue.addAfter('a', 500)
    await clock.advance(99)
    expect(queue.length).toBe(0)
    await clock.advance(1)
    expect(await takeAll(queue)).toEqual(['a'])
    queue.done('a')
    await clock.advance(5000)
    expect(queue.length).toBe(0)
    expect(clock.pending).toBe(0)
  })

  test('waits longer than a timer of Node can', async () => {
    const { clock, queue } = make()
    const days = 40 * 24 * 3600 * 1000
    queue.addAfter('a', days)
    await clock.advance(days - 1)
    expect(queue.length).toBe(0)
    await clock.advance(1)
    expect(queue.length).toBe(1)
  })

  test('on shutdown wakes idle workers, drops what waits, and waits for what is in work', async () => {
    const { clock, queue } = make()
    queue.add('a')
    await queue.get()
    const idle = queue.get()
    queue.addAfter('later', 10)
    let drained = false
    const draining = queue.shutDown().then(() => {
      drained = true
    })
    expect(await idle).toBeUndefined()
    queue.add('b')
    queue.add('a')
    await settle()
    expect(drained).toBe(false)
    queue.done('a')
    await draining
    expect(await queue.get()).toBeUndefined()
    expect(clock.pending).toBe(0)
  })

  test('reports depth, retries and the longest work', async () => {
    const metrics = createMetrics()
    const { clock, queue } = make({ metrics })
    queue.add('a')
    queue.add('b', { priority: 'high' })
    await queue.get()
    queue.addRateLimited('a')
    await clock.advance(3000)
    queue.collect()
    const text = await metrics.registry.metrics()
    expect(text).toContain('workqueue_depth{name="test",priority="normal"} 1')
    expect(text).toContain('workqueue_retries_total{name="test"} 1')
    expect(text).toContain('workqueue_longest_running_processor_seconds{name="test"} 3')
  })
})

type Step =
  | { readonly kind: 'add' | 'addHigh' | 'fail' | 'finish'; readonly key: string }
  | { readonly kind: 'take' }
  | { readonly kind: 'tick'; readonly ms: number }

const key = fc.constantFrom('a', 'b', 'c')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('add', 'addHigh', 'fail', 'finish'), key }),
  fc.record({ kind: fc.constant('take' as const) }),
  fc.record({ kind: fc.constant('tick' as const), ms: fc.integer({ min: 1, max: 50 }) }),
)

test('never hands one key to two workers, and always hands out a dirty key again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { clock, queue } = make()
      const held = new Set<string>()
      const owed = new Set<string>()
      const take = async () => {
        if (queue.length === 0) return
        const item = await queue.get()
        if (!item) return
        expect(held.has(item.key)).toBe(false)
        held.add(item.key)
        owed.delete(item.key)
      }
      for (const each of steps) {
        switch (each.kind) {
          case 'add':
          case 'addHigh':
            queue.add(each.key, { priority: each.kind === 'add' ? 'normal' : 'high' })
            owed.add(each.key)
            break
          case 'fail':
            queue.addRateLimited(each.key)
            owed.add(each.key)
            break
          case 'finish':
            if (held.delete(each.key)) queue.done(each.key)
            break
          case 'take':
            await take()
            break
          case 'tick':
            await clock.advance(each.ms)
            break
          default:
            each satisfies never
        }
      }
      for (const each of held) queue.done(each)
      held.clear()
      await clock.advance(120_000)
      while (queue.length > 0) {
        await take()
        for (const each of held) queue.done(each)
        held.clear()
      }
      expect([...owed]).toEqual([])
    }),
    { numRuns: 300 },
  )
})
