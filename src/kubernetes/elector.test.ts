import { describe, expect, test } from 'vitest'
import { FakeClock, settle } from '../../test/unit/fake-clock.ts'
import { LeaseServer } from '../../test/unit/lease-server.ts'
import { Elector, microTime } from './elector.ts'
import { LeaseLostError } from './errors.ts'
import { silentLogger } from './logger.ts'

const lease = { namespace: 'operator', name: 'leader' }

const make = (server: LeaseServer, clock: FakeClock, identity: string) => {
  const stop = new AbortController()
  const elector = new Elector({
    client: server.client(),
    lease,
    identity,
    clock,
    log: silentLogger,
    random: () => 0.5,
  })
  /** Acquires, then renews until stopped or lost. */
  const run = async () => {
    await elector.acquire(stop.signal)
    await elector.renew(stop.signal)
  }
  const running = run().catch(() => undefined)
  return { elector, stop, running }
}

describe('an elector', () => {
  test('takes a lease that nobody holds, and keeps it', async () => {
    const [server, clock] = [new LeaseServer(), new FakeClock()]
    const { elector } = make(server, clock, 'one')
    await clock.advance(60_000)
    expect(elector.isLeading()).toBe(true)
    expect(server.lease?.spec).toMatchObject({
      holderIdentity: 'one',
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:01:00.000000Z',
    })
  })

  test('waits while another renews, whatever the clocks of the machines say', async () => {
    const server = new LeaseServer()
    const [mine, theirs] = [new FakeClock(new Date('2030-01-01')), new FakeClock(new Date('2020-01-01'))]
    const first = make(server, theirs, 'first')
    await theirs.advance(0)
    const second = make(server, mine, 'second')
    for (let second = 0; second < 60; second += 1) {
      await theirs.advance(1000)
      await mine.advance(1000)
    }
    expect([first.elector.isLeading(), second.elector.isLeading()]).toEqual([true, false])
  })

  test('takes over when the lease has stood still for its duration, and counts the transition', async () => {
    const [server, clock] = [new LeaseServer(), new FakeClock()]
    const first = make(server, clock, 'first')
    await clock.advance(0)
    first.stop.abort()
    const second = make(server, clock, 'second')
    await clock.advance(14_900)
    expect(second.elector.isLeading()).toBe(false)
    await clock.advance(4000)
    expect(second.elector.isLeading()).toBe(true)
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 })
  })

  test('takes over at once from one that released', async () => {
    const [server, clock] = [new LeaseServer(), new FakeClock()]
    const first = make(server, clock, 'first')
    const second = make(server, clock, 'second')
    await clock.advance(5000)
    first.stop.abort()
    await first.elector.release()
    expect(first.elector.isLeading()).toBe(false)
    await clock.advance(4400)
    expect(second.elector.isLeading()).toBe(true)
    expect(first.elector.lost.aborted).toBe(false)
  })

  test('stops leading 10 s after the start of its last renewal when the API server is away', async () => {
    const [server, clock] = [new LeaseServer(), new FakeClock()]
    const { elector, running } = make(server, clock, 'one')
    await clock.advance(2000)
    server.failure = 'refused'
    await clock.advance(9999)
    expect(elector.isLeading()).toBe(true)
    await clock.advance(1)
    expect(elector.lost.aborted).toBe(true)
    expect(elector.lost.reason).toBeInstanceOf(LeaseLostError)
    await running
    server.failure = undefined
    await clock.advance(60_000)
    expect(elector.isLeading()).toBe(false)
    expect(clock.pending).toBe(0)
  })

  test('counts the deadline from when the renewal was sent, not from its answer', async () => {
    const [server, clock] = [new LeaseServer(), new FakeClock()]
    const { elector } = make(server, clock, 'one')
    await clock.advance(1000)
    // the renewal at 2 s is answered at 8 s; the next one never
    let renewals = 0
    server.onWrite = () => {
      renewals += 1
      return clock.sleep(renewals === 1 ? 6000 : 1e9)
    }
    await clock.advance(10_999)
    expect(elector.isLeading()).toBe(true)
    await clock.advance(1)
    expect(elector.isLeading()).toBe(false)
  })

  test('does not lead at its first instruction after having been stopped past the deadline', async () => {
    const [server, clock] = [new LeaseServer(), new FakeClock()]
    const { elector } = make(server, clock, 'paused')
    await clock.advance(3000)
    const writes = server.writes.length
    clock.jump(20_000)
    expect(() => elector.guard()).toThrow(LeaseLostError)
    await clock.advance(60_000)
    expect(server.writes.length).toBe(writes)
  })

  test('is not revived by the answer to a renewal that was sent before it was stopped', async () => {
    const [server, clock] = [new LeaseServer(), new FakeClock()]
    const { elector } = make(server, clock, 'paused')
    await clock.advance(1000)
    let answer: () => void = () => undefined
    server.onWrite = () =>
      new Promise((resolve) => {
        answer = resolve
      })
    await clock.advance(1500)
    clock.jump(20_000)
    answer()
    await settle()
    expect(elector.isLeading()).toBe(false)
    expect(elector.lost.aborted).toBe(true)
  })

  test('is not revived by a renewal that was sent in time and answered after the deadline', async () => {
    const [server, clock] = [new LeaseServer(), new FakeClock()]
    const { elector } = make(server, clock, 'late')
    await clock.advance(1000)
    server.failure = 'refused'
    await clock.advance(6500)
    server.failure = undefined
    let answer: () => void = () => undefined
    server.onWrite = () =>
      new Promise((resolve) => {
        answer = resolve
      })
    await clock.advance(1000)
    clock.jump(2500)
    answer()
    await settle()
    expect(elector.isLeading()).toBe(false)
  })

  test('keeps its term when only the answer to a renewal was lost', async () => {
    const [server, clock] = [new LeaseServer(), new FakeClock()]
    const { elector } = make(server, clock, 'one')
    await clock.advance(1000)
    server.failure = 'lostAnswer'
    await clock.advance(1000)
    server.failure = undefined
    await clock.advance(30_000)
    expect(elector.isLeading()).toBe(true)
    await elector.confirm()
  })

  test('is lost at once when it finds another term in the lease', async () => {
    const [server, clock] = [new LeaseServer(), new FakeClock()]
    const { elector } = make(server, clock, 'one')
    await clock.advance(1000)
    const taken = server.lease
    if (!taken) throw new Error('no lease')
    server.lease = { ...taken, spec: { ...taken.spec, leaseTransitions: 2 } }
    expect(elector.isLeading()).toBe(true)
    await expect(elector.confirm()).rejects.toThrow(LeaseLostError)
    expect(elector.isLeading()).toBe(false)
  })

  test('confirms nothing when the lease cannot be read, but is not lost by it', async () => {
    const [server, clock] = [new LeaseServer(), new FakeClock()]
    const { elector } = make(server, clock, 'one')
    await clock.advance(1000)
    server.failure = 'refused'
    await expect(elector.confirm()).rejects.toMatchObject({ kind: 'retryable' })
    expect(elector.isLeading()).toBe(true)
  })

  test('never leads beside another, however both are stopped and cut off', async () => {
    const server = new LeaseServer()
    const [left, right] = [new FakeClock(), new FakeClock()]
    const electors = [make(server, left, 'left'), make(server, right, 'right')]
    let led = 0
    for (let second = 0; second < 200; second += 1) {
      server.failure = second % 37 > 24 ? (second % 2 === 0 ? 'refused' : 'lostAnswer') : undefined
      // each process stands still for 20 s once, and then runs its timers late
      if (second >= 60 && second < 80) left.jump(1000)
      else await left.advance(1000)
      if (second >= 120 && second < 140) right.jump(1000)
      else await right.advance(1000)
      const leading = electors.filter(({ elector }) => elector.isLeading()).length
      expect(leading).toBeLessThanOrEqual(1)
      led += leading
    }
    expect(led).toBeGreaterThan(10)
  })
})

test('a MicroTime has six digits', () => {
  expect(microTime(new Date('2026-01-02T03:04:05.678Z'))).toBe('2026-01-02T03:04:05.678000Z')
})
