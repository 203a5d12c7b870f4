import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { flush, operatorNamespace, store, untilReady } from '../e2e/fixtures.ts'
import { installOperator, operatorImage } from '../e2e/install.ts'
import { suite } from '../e2e/suite.ts'
import { deploy, frameworks, loadApplications, type Framework } from './application.ts'
import { printOutcomes, userNames, type AppUsers, type CookieCheck, type Outcomes } from './driver.ts'
import { createFlush, followFlush, isSet, policiesInForce, type FlushStatus } from './flush.ts'
import { noFence } from './no-fence.ts'
import { openServer, type Server } from './server.ts'

const at = suite('clients-in-flight')
const loggedIn = 300
const inFlight = 200

interface Run {
  readonly flush: FlushStatus
  /** How the requests ended that were in flight. */
  readonly ended: Outcomes
  /** Cookies of those requests, while the flush still held writes back. */
  readonly justAfter: CookieCheck
  /** Keys on the server at that moment, counted by ourselves. */
  readonly keysJustAfter: number
  /** All cookies of before, when it had completed. */
  readonly after: CookieCheck
  /** What visitors met while it was draining. */
  readonly visitors: { readonly reads: Outcomes; readonly logins: Outcomes }
  /** The same people, logging in once more meanwhile with the cookies that they have; and those cookies when the flush had completed. */
  readonly again: { readonly ended: Outcomes; readonly after: CookieCheck }
  readonly loginsAfter: Outcomes
}

type Again = Awaited<ReturnType<AppUsers['logInAgain']>>

/** Requests in flight end while a flush is draining, and visitors come. */
const revoke = async (users: AppUsers, server: Server, storeName: string, spec: object): Promise<Run> => {
  const { objects, namespace } = at()
  const cookies = await users.logIn(loggedIn)
  const held = await users.hold(cookies.slice(0, inFlight))
  await policiesInForce(objects.kubectl)
  const created = await createFlush(
    objects.kubectl,
    flush(namespace, `${storeName}-flush`, storeName, { drain: '12s', spec: { ...spec } }),
  )
  let seen: (Pick<Run, 'ended' | 'justAfter' | 'keysJustAfter' | 'visitors'> & { readonly again: Again }) | undefined
  let last: FlushStatus = {}
  for await (const status of followFlush(objects.kubectl, created)) {
    last = status
    if (seen !== undefined || !isSet(status, 'Deleted')) continue
    const ended = await held.release()
    const keysJustAfter = await server.keys()
    const justAfter = await users.check(cookies.slice(0, inFlight))
    const visitors = await users.browse(cookies.slice(inFlight))
    seen = { ended, justAfter, keysJustAfter, visitors, again: await users.logInAgain(cookies.slice(0, inFlight)) }
  }
  if (!seen) throw new Error(`the flush deleted nothing: ${JSON.stringify(last)}`)
  const again = { ended: seen.again.ended, after: await users.check(seen.again.cookies) }
  return { flush: last, ...seen, again, after: await users.check(cookies), loginsAfter: await users.tryLogins(20) }
}

const print = (title: string, run: Run): void => {
  console.log(
    [
      `${title}: flush ${run.flush.phase}, second pass removed ${run.flush.resurrections?.removed ?? 0}`,
      `  ${inFlight} requests in flight ended as ${printOutcomes(run.ended)}; of their cookies ${run.justAfter.alive} were alive just after, ${run.keysJustAfter} keys there`,
      `  visitors during the drain: reads ${printOutcomes(run.visitors.reads)}; logins ${printOutcomes(run.visitors.logins)}`,
      `  all ${loggedIn} old cookies after: ${run.after.alive} alive, ${run.after.refused} refused; new logins ${printOutcomes(run.loginsAfter)}`,
    ].join('\n'),
  )
}

const run = async (framework: Framework, title: string, spec: object = {}): Promise<Run> => {
  const { objects, namespace } = at()
  const name = `${framework}-${title}`
  const sessions = { client: frameworks[framework].preset, keyPrefix: 'shop:session', principalPath: ['user'] }
  await objects.apply(store(namespace, name, { spec: { sessions } }))
  await untilReady(objects, namespace, name)
  const users = await deploy(at(), { framework, store: name, env: { RESAVE: 'true', EXPIRE_AFTER_SECONDS: '1800' } })
  const server = await openServer(at(), name)
  try {
    const result = await revoke(users, server, name, spec)
    print(`${framework}, ${title}`, result)
    return result
  } finally {
    await server.close()
    await users.close()
    await objects.delete('deployment', `${name}-app`, namespace)
    await objects.delete('sessionstore', name, namespace)
  }
}

beforeAll(async () => loadApplications(at()))

describe('the operator as it is', () => {
  test.each(['express', 'rails'] as const)(
    '%s: of 200 requests in flight none brings its session back',
    async (framework) => {
      const { flush: ended, justAfter, keysJustAfter, after, loginsAfter } = await run(framework, 'fenced')
      expect(ended.phase).toBe('Completed')
      expect(ended.nodes).toMatchObject([{ remaining: 0 }])
      expect(ended.resurrections, 'sessions that the second pass found').toEqual({ removed: 0 })
      expect(justAfter.alive, 'cookies alive while draining').toBe(0)
      expect(keysJustAfter, 'keys while draining').toBe(0)
      expect(after).toEqual({ alive: 0, refused: loggedIn, errors: 0 })
      expect([...loginsAfter]).toEqual([[200, 20]])
    },
  )
})

describe('those in flight alone, by name', () => {
  test.each(['express', 'rails'] as const)(
    '%s: whatever 200 requests in flight bring back goes again, nobody else notices, and logins go on',
    async (framework) => {
      const name = 'in-flight-people'
      const { objects, namespace } = at()
      const stringData = { principals: userNames(inFlight).join('\n') }
      await objects.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData })
      const scope = { principals: { secretRef: { name } } }
      const {
        flush: ended,
        justAfter,
        ended: outcomes,
        after,
        visitors,
        loginsAfter,
      } = await run(framework, 'guarded', { scope })
      expect(ended).toMatchObject({
        phase: 'Completed',
        plan: { matched: inFlight },
        nodes: [{ revoked: inFlight, remaining: 0 }],
      })
      // Nothing was refused, so they did write: without the guard those sessions would be back.
      expect([...outcomes]).toEqual([[200, inFlight]])
      expect(ended.resurrections?.removed).toBeGreaterThan(0)
      expect(justAfter.alive, 'cookies alive while it is guarded').toBe(0)
      expect(after).toEqual({ alive: loggedIn - inFlight, refused: inFlight, errors: 0 })
      for (const each of [visitors.reads, visitors.logins]) expect([...each]).toEqual([[200, loggedIn - inFlight]])
      expect([...loginsAfter]).toEqual([[200, 20]])
    },
  )
})

describe('everybody, guarded', () => {
  test.each(['express', 'rails'] as const)(
    '%s: every session ends at once, whatever 200 requests in flight bring back goes again, and no login fails',
    async (framework) => {
      const {
        flush: ended,
        ended: outcomes,
        justAfter,
        visitors,
        again,
        after,
        loginsAfter,
      } = await run(framework, 'everybody', { guarantee: 'Guarded' })
      expect(ended).toMatchObject({
        phase: 'Completed',
        plan: { matched: loggedIn, method: 'SetAside' },
        nodes: [{ revoked: loggedIn, remaining: 0 }],
      })
      expect([...outcomes]).toEqual([[200, inFlight]])
      expect(ended.resurrections?.removed).toBeGreaterThanOrEqual(inFlight)
      expect(justAfter.alive, 'cookies alive while it is guarded').toBe(0)
      expect(after).toEqual({ alive: 0, refused: loggedIn, errors: 0 })
      expect([...visitors.reads]).toEqual([[401, loggedIn - inFlight]])
      for (const each of [visitors.logins, loginsAfter]) expect([...each.keys()]).toEqual([200])
      expect([...again.ended]).toEqual([[200, inFlight]])
      expect(again.after, 'those who logged in again meanwhile').toEqual({ alive: inFlight, refused: 0, errors: 0 })
    },
  )
})

describe('an operator whose fence is switched off', () => {
  beforeAll(async () => {
    const { cluster } = at()
    const image = await operatorImage(console.log, noFence)
    await installOperator(cluster, { namespace: operatorNamespace, watch: 'all', image })
  })
  afterAll(async () => {
    await installOperator(at().cluster, { namespace: operatorNamespace, watch: 'all' })
  })

  test.each(['express', 'rails'] as const)(
    '%s: requests in flight bring sessions back, so the test above could see it',
    async (framework) => {
      const { ended, justAfter, keysJustAfter } = await run(framework, 'unfenced')
      expect([...ended]).toEqual([[200, inFlight]])
      expect(justAfter.alive, 'cookies alive again').toBeGreaterThan(0)
      expect(keysJustAfter, 'keys, counted').toBeGreaterThan(0)
    },
  )
})
